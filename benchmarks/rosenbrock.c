/* Adam on Rosenbrock's valley, many runs at once: what a programmer would write by hand for this one problem.
 *
 * Runs go in blocks of LANES, whose state stays in registers or the nearest cache while all steps are taken; compilers
 * turn the loops over lanes into SIMD. Threads take every so many blocks. Per step and run: the loss is stored, the
 * best loss kept, and the first step noticed whose loss is not finite. With -DTUNED numbers that are the same for all
 * runs are rearranged as by_hand.adam_tuned does: fewer divisions, another rounding.
 */

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

enum { LANES = 16, MOST_THREADS = 256 };

typedef struct {
    int64_t runs, steps;
    double a, b, start[2], beta1, beta2, eps;
    const double *lr; /* (runs,), here and below padded to whole blocks */
    double *loss;     /* (blocks, steps + 1, LANES): a block writes to one place */
    double *x;        /* (2, runs) */
    double *final, *best, *ended;
} Work;

typedef struct {
    const Work *work;
    const double *correction;
    int64_t first, stride;
} Share;

/* For each step what all runs have in common: 1 - beta1^t and 1 - beta2^t, or what `TUNED` makes of them. */
static double *corrections(const Work *w) {
    double *c = malloc(2 * w->steps * sizeof *c);
    for (int64_t t = 1; c && t <= w->steps; t++) {
        double c1 = 1 - pow(w->beta1, t), c2 = 1 - pow(w->beta2, t);
#ifdef TUNED
        double root = sqrt(c2 / (1 - w->beta2));
        c1 = root * (1 - w->beta1) / c1, c2 = w->eps * root;
#endif
        c[2 * t - 2] = c1, c[2 * t - 1] = c2;
    }
    return c;
}

static void block(const Work *w, const double *correction, int64_t n) {
    const double a = w->a, b = w->b, beta1 = w->beta1, beta2 = w->beta2, eps = w->eps;
    (void)eps; /* if TUNED, the corrections have it */
    const int64_t blocks = (w->runs + LANES - 1) / LANES, at = n * LANES;
    double *loss = w->loss + at * (w->steps + 1);
    double lr[LANES], x0[LANES], x1[LANES], m0[LANES], m1[LANES], v0[LANES], v1[LANES];
    double final[LANES], best[LANES], ended[LANES];

    for (int i = 0; i < LANES; i++) {
        lr[i] = w->lr[at + i], x0[i] = w->start[0], x1[i] = w->start[1];
        m0[i] = m1[i] = v0[i] = v1[i] = final[i] = 0;
        best[i] = INFINITY, ended[i] = -1;
    }
    for (int64_t t = 0; t <= w->steps; t++, loss += LANES) {
        const double c1 = t < w->steps ? correction[2 * t] : 1, c2 = t < w->steps ? correction[2 * t + 1] : 1;
        for (int i = 0; i < LANES; i++) {
            double c = x1[i] - x0[i] * x0[i], d = a - x0[i];
            double f = b * (c * c) + d * d;
            double g1 = 2 * b * c, g0 = -2 * (g1 * x0[i] + d);
            loss[i] = f;
            int alive = ended[i] < 0, finite = fabs(f) <= DBL_MAX;
            final[i] = alive ? f : final[i];
            best[i] = alive & (f < best[i]) ? f : best[i];
            ended[i] = alive & !finite ? (double)t : ended[i];
            if (t == w->steps) continue; /* the last step has no update after it */
#ifdef TUNED
            m0[i] = beta1 * m0[i] + g0, m1[i] = beta1 * m1[i] + g1;
            v0[i] = beta2 * v0[i] + g0 * g0, v1[i] = beta2 * v1[i] + g1 * g1;
            x0[i] -= lr[i] * c1 * m0[i] / (sqrt(v0[i]) + c2);
            x1[i] -= lr[i] * c1 * m1[i] / (sqrt(v1[i]) + c2);
#else
            m0[i] = beta1 * m0[i] + (1 - beta1) * g0, m1[i] = beta1 * m1[i] + (1 - beta1) * g1;
            v0[i] = beta2 * v0[i] + (1 - beta2) * (g0 * g0), v1[i] = beta2 * v1[i] + (1 - beta2) * (g1 * g1);
            x0[i] -= lr[i] * (m0[i] / c1) / (sqrt(v0[i] / c2) + eps);
            x1[i] -= lr[i] * (m1[i] / c1) / (sqrt(v1[i] / c2) + eps);
#endif
        }
    }
    for (int i = 0; i < LANES; i++) {
        w->x[at + i] = x0[i], w->x[blocks * LANES + at + i] = x1[i];
        w->final[at + i] = final[i], w->best[at + i] = best[i], w->ended[at + i] = ended[i];
    }
}

static void *share(void *argument) {
    const Share *s = argument;
    for (int64_t n = s->first; n * LANES < s->work->runs; n += s->stride) block(s->work, s->correction, n);
    return NULL;
}

/* Returns 0, or 1 where memory or a thread is not available. */
int adam_on_rosenbrock(const Work *work, int threads) {
    pthread_t others[MOST_THREADS];
    Share shares[MOST_THREADS];
    double *correction = corrections(work);
    int started = 1, failed = !correction;
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    for (int k = 0; k < threads && !failed; k++) shares[k] = (Share){work, correction, k, threads};
    while (!failed && started < threads) {
        failed = pthread_create(&others[started], NULL, share, &shares[started]) != 0;
        started += !failed;
    }
    if (!failed) share(&shares[0]);
    while (started > 1) pthread_join(others[--started], NULL);
    free(correction);
    return failed;
}

int lanes(void) { return LANES; }
