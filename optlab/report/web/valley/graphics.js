/** Programs, buffers and vertex arrays of WebGL2. */

/** A buffer of the graphics processor with numbers. */
export function filled(gl, numbers) {
  const buffer = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ARRAY_BUFFER, numbers, gl.STATIC_DRAW);
  return buffer;
}

/** A program, and where its uniforms are, by their names. */
export function programOf(gl, { vertex, fragment }) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) { // prettier-ignore
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? "shader");
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "program");
  const places = {};
  for (let n = 0; n < gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS); n++) {
    const { name } = gl.getActiveUniform(program, n);
    places[name.replace("[0]", "")] = gl.getUniformLocation(program, name);
  }
  return { program, places };
}

/** Attributes of these sizes, one after the other, from buffers with numbers for each vertex, or for each instance. */
export function inputsOf(gl, /** @type {{ buffer: WebGLBuffer, sizes: number[], divisor: number }[]} */ parts, index = null) {
  const found = gl.createVertexArray();
  gl.bindVertexArray(found);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, index);
  let place = 0;
  for (const { buffer, sizes, divisor } of parts) {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    let offset = 0;
    for (const size of sizes) {
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, gl.FLOAT, false, 4 * total, 4 * offset);
      gl.vertexAttribDivisor(place, divisor);
      offset += size;
      place++;
    }
  }
  return found;
}
