/** The programs of the graphics processor for the surface, the trails, and the balls. */

export const SURFACE = {
  vertex: `#version 300 es
uniform mat4 view; uniform float tall;
layout(location = 0) in vec3 place; layout(location = 1) in vec3 normal; layout(location = 2) in vec2 share;
out vec3 side; out float height; out float open; out vec2 spot;
void main() {
  side = normal; height = share.x; open = share.y; spot = place.xy;
  gl_Position = view * vec4(place.xy, place.z * tall, 1.0);
}`,
  fragment: `#version 300 es
precision highp float;
uniform vec3 relief[6]; uniform sampler2D layer; uniform float layered; uniform vec2 corner;
in vec3 side; in float height; in float open; in vec2 spot; out vec4 colour;
void main() {
  if (open > 0.01) discard;
  float at = clamp(height, 0.0, 1.0) * 5.0; int first = min(int(at), 4);
  vec3 base = mix(relief[first], relief[first + 1], at - float(first));
  if (layered > 0.5) base = mix(base, texture(layer, 0.5 + 0.5 * spot / corner).rgb, 0.85);
  float light = 0.58 + 0.45 * max(dot(normalize(side), normalize(vec3(-0.5, 0.4, 0.75))), 0.0);
  float line = fract(height * 14.0 + 0.5), width = fwidth(height * 14.0);
  float drawn = 1.0 - smoothstep(0.0, 1.5, abs(line - 0.5) / max(width, 1e-5));
  colour = vec4(mix(base * light, base * light * 0.72, 0.7 * drawn * (1.0 - smoothstep(0.3, 0.9, width))), 1.0);
}`,
};

export const TRAIL = {
  vertex: `#version 300 es
uniform mat4 view; uniform float tall, now, fading; uniform vec2 pixels; uniform float scale;
layout(location = 0) in vec2 corner; layout(location = 1) in vec4 from; layout(location = 2) in vec4 to;
layout(location = 3) in vec4 look;
out vec4 tint;
void main() {
  float share = clamp((now - from.w) / max(to.w - from.w, 1e-6), 0.0, 1.0);
  vec3 end = mix(from.xyz, to.xyz, share);
  vec4 a = view * vec4(from.xy, from.z * tall + 0.012, 1.0), b = view * vec4(end.xy, end.z * tall + 0.012, 1.0);
  vec2 along = (b.xy / b.w - a.xy / a.w) * pixels;
  vec2 across = length(along) > 1e-6 ? normalize(vec2(-along.y, along.x)) : vec2(0.0, 1.0);
  vec4 at = corner.x < 0.5 ? a : b;
  at.xy += across * corner.y * abs(look.a) * scale / pixels * at.w;
  at.z -= 0.004 * at.w;
  float age = (now - from.w) / fading;
  tint = vec4(look.rgb, from.w > now ? 0.0 : (look.a < 0.0 ? 0.25 : mix(1.0, 0.3, clamp(age, 0.0, 1.0))));
  gl_Position = from.w > now ? vec4(2.0, 2.0, 2.0, 1.0) : at;
}`,
  fragment: `#version 300 es
precision highp float;
uniform float strength;
in vec4 tint; out vec4 colour;
void main() { colour = vec4(tint.rgb * tint.a, tint.a) * strength; }`,
};

export const MARK = {
  vertex: `#version 300 es
uniform mat4 view; uniform float tall; uniform vec2 pixels; uniform float scale; uniform vec3 eye;
layout(location = 0) in vec2 corner; layout(location = 1) in vec4 place; layout(location = 2) in vec4 look;
layout(location = 3) in float turn;
out vec2 at; out vec3 tint; flat out int kind;
void main() {
  vec3 centre = vec3(place.xy, place.z * tall + 0.02);
  vec4 middle = view * vec4(centre, 1.0);
  // a mark is as deep as a sphere: nearer to the eye than slopes beside it, which would cut its picture
  float radius = place.w * scale / pixels.y * middle.w / length(vec3(view[0].y, view[1].y, view[2].y));
  vec4 nearest = view * vec4(centre + normalize(eye - centre) * min(1.5 * radius, 0.2), 1.0);
  tint = look.rgb; kind = int(look.a);
  at = vec2(cos(turn) * corner.x + sin(turn) * corner.y, cos(turn) * corner.y - sin(turn) * corner.x);
  middle.xy += corner * place.w * scale / pixels * middle.w;
  if (look.a < 0.5) middle.y += 0.7 * place.w * scale / pixels.y * middle.w;  // a ball lies on the surface
  middle.z = nearest.z / nearest.w * middle.w;
  gl_Position = middle;
}`,
  fragment: `#version 300 es
precision highp float;
uniform float strength;
in vec2 at; in vec3 tint; flat in int kind; out vec4 colour;
void main() {
  float r = length(at);
  if (kind == 2) {  // a star at a minimum
    float turn = mod(atan(at.x, at.y) + 6.91150, 1.25664) - 0.62832;
    float edge = mix(1.0, 0.42, abs(turn) / 0.62832);
    if (r > edge) discard;
    colour = vec4(r > edge - 0.14 ? vec3(0.13) : tint, 1.0) * strength;
    return;
  }
  if (kind == 3) {  // an arrow to the right, before it is turned
    float head = (0.95 - at.x) * 0.8 - abs(at.y), shaft = min(0.28 - abs(at.y), min(at.x + 0.95, 0.2 - at.x));
    float inside = max(min(head, at.x + 0.15), shaft);
    if (inside < 0.0) discard;
    colour = vec4(inside < 0.12 ? vec3(1.0) : tint, 1.0) * strength;
    return;
  }
  if (r > 1.0) discard;
  if (kind == 1) { colour = vec4(vec3(r > 0.78 ? 0.13 : 1.0), 1.0) * strength; return; }  // a start
  vec3 side = vec3(at, sqrt(max(1.0 - r * r, 0.0)));
  float light = 0.45 + 0.65 * max(dot(side, normalize(vec3(-0.5, 0.6, 0.7))), 0.0);
  float glance = pow(max(dot(side, normalize(vec3(-0.4, 0.5, 0.8))), 0.0), 30.0);
  colour = vec4(r > 0.86 ? vec3(1.0) : tint * light + 0.55 * glance, 1.0) * strength;
}`,
};
