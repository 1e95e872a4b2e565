#include "reference/audio/mel.h"

#include <math.h>

enum { N = REF_MEL_FFT, HALF = N / 2, PAD = N / 2 };
static const double PI = 3.14159265358979323846;

/* ---- filters ---- */

static double mel_of(double hz)
{
    return hz < 1000 ? hz * 3 / 200 : 15 + log(hz / 1000) * 27 / log(6.4);
}

static double hz_of(double mel)
{
    return mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * log(6.4) / 27);
}

static double edge(uint32_t rate, size_t n_mels, size_t i)
{
    return hz_of(mel_of(rate / 2.0) * (double)i / (double)(n_mels + 1));
}

static double weight(double f, double low, double middle, double high)
{
    const double up = (f - low) / (middle - low), down = (high - f) / (high - middle);
    const double least = up < down ? up : down;
    return least > 0 ? least * 2 / (high - low) : 0;
}

/* To one of the two. */
static void filter(uint32_t rate, size_t n_fft, size_t n_mels, size_t m, double *ret_exact,
                   float *ret)
{
    const double low = edge(rate, n_mels, m), middle = edge(rate, n_mels, m + 1);
    const double high = edge(rate, n_mels, m + 2);
    for (size_t k = 0; k <= n_fft / 2; k++) {
        const double w = weight((double)k * rate / (double)n_fft, low, middle, high);
        if (ret_exact != NULL)
            ret_exact[k] = w;
        else
            ret[k] = (float)w;
    }
}

static enum err_code check_mels(size_t n_mels, struct err *why)
{
    return n_mels >= 1 && n_mels <= REF_MEL_MAX
               ? OK
               : err_set(why, ERR_INVALID, "%zu mel filters: expected 1 to %d", n_mels,
                         REF_MEL_MAX);
}

enum err_code ref_mel_filters(uint32_t rate, size_t n_fft, size_t n_mels, float *ret,
                              struct err *why)
{
    const enum err_code rc = check_mels(n_mels, why);
    if (rc != OK)
        return rc;
    if (rate == 0 || n_fft < 2 || n_fft % 2 != 0)
        return err_set(why, ERR_INVALID, "%zu samples at a rate of %u: expected an even number",
                       n_fft, rate);
    for (size_t m = 0; m < n_mels; m++)
        filter(rate, n_fft, n_mels, m, NULL, ret + m * (n_fft / 2 + 1));
    return OK;
}

/* ---- spectrum ---- */

struct number {
    double re, im;
};

static struct number times(struct number a, struct number b)
{
    return (struct number){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/* e^(-2 pi j i / 400) */
static struct number turn(const struct ref_fft *t, size_t i)
{
    return (struct number){t->cosine[i % N], -t->sine[i % N]};
}

void ref_fft_init(struct ref_fft *ret)
{
    for (int i = 0; i < N; i++) {
        ret->cosine[i] = cos(2 * PI * i / N);
        ret->sine[i] = sin(2 * PI * i / N);
    }
}

/* Value k of each of the r spectra of m values becomes values k, k + m, ... of the whole one. */
static void combine(const struct ref_fft *t, size_t r, size_t m, size_t k, struct number *x)
{
    struct number part[5];
    for (size_t j = 0; j < r; j++)
        part[j] = times(x[j * m + k], turn(t, j * k * (N / (r * m))));
    for (size_t q = 0; q < r; q++) {
        struct number sum = {0, 0};
        for (size_t j = 0; j < r; j++) {
            const struct number v = times(part[j], turn(t, j * q * (N / r)));
            sum.re += v.re;
            sum.im += v.im;
        }
        x[q * m + k] = sum;
    }
}

/* Every stride-th of `in`, n of them; five levels deep at most. */
static void transform(const struct ref_fft *t, const struct number *in, size_t n, size_t stride,
                      struct number *ret)
{
    if (n == 1) {
        ret[0] = in[0];
        return;
    }
    const size_t r = n % 2 == 0 ? 2 : 5, m = n / r;
    for (size_t j = 0; j < r; j++)
        transform(t, in + j * stride, m, stride * r, ret + j * m);
    for (size_t k = 0; k < m; k++)
        combine(t, r, m, k, ret);
}

/* With z = even + j odd: the spectrum of the even samples is (Z[k] + conj Z[-k]) / 2, that of the
 * odd ones (Z[k] - conj Z[-k]) / 2j. */
void ref_fft_400(const struct ref_fft *t, const double *x, double *ret_re, double *ret_im)
{
    struct number z[HALF], spectrum[HALF];
    for (size_t i = 0; i < HALF; i++)
        z[i] = (struct number){x[2 * i], x[2 * i + 1]};
    transform(t, z, HALF, 1, spectrum);
    for (size_t k = 0; k <= HALF; k++) {
        const struct number a = spectrum[k % HALF], b = spectrum[(HALF - k) % HALF];
        const struct number even = {(a.re + b.re) / 2, (a.im - b.im) / 2};
        const struct number odd = {(a.im + b.im) / 2, (b.re - a.re) / 2};
        const struct number turned = times(odd, turn(t, k));
        ret_re[k] = even.re + turned.re;
        ret_im[k] = even.im + turned.im;
    }
}

/* ---- frames ---- */

struct ear {
    const float *pcm;
    size_t n, n_mels;
    struct ref_fft fft;
    double *window, *frame, *power, *filters, *re, *im;
};

size_t ref_log_mel_scratch(size_t n_mels)
{
    return n_mels > REF_MEL_MAX ? 0 : 2 * (size_t)N + (3 + n_mels) * REF_MEL_BINS;
}

static void prepare(struct ear *e, double *scratch)
{
    e->window = scratch;
    e->frame = e->window + N;
    e->power = e->frame + N;
    e->re = e->power + REF_MEL_BINS;
    e->im = e->re + REF_MEL_BINS;
    e->filters = e->im + REF_MEL_BINS;
    ref_fft_init(&e->fft);
    for (size_t i = 0; i < N; i++) /* periodic: the next frame's first would be i = N */
        e->window[i] = 0.5 * (1 - e->fft.cosine[i]);
    for (size_t m = 0; m < e->n_mels; m++)
        filter(REF_MEL_RATE, N, e->n_mels, m, e->filters + m * REF_MEL_BINS, NULL);
}

/* Sample i of the 30 s, mirrored at both ends; silence behind what there is. */
static double sample(const struct ear *e, int64_t i)
{
    if (i < 0)
        i = -i;
    if (i >= REF_MEL_SAMPLES)
        i = 2 * (REF_MEL_SAMPLES - 1) - i;
    return (size_t)i < e->n ? (double)e->pcm[i] : 0;
}

static void listen(struct ear *e, size_t t)
{
    for (size_t i = 0; i < N; i++)
        e->frame[i] = e->window[i] * sample(e, (int64_t)(t * REF_MEL_HOP + i) - PAD);
    ref_fft_400(&e->fft, e->frame, e->re, e->im);
    for (size_t k = 0; k < REF_MEL_BINS; k++)
        e->power[k] = e->re[k] * e->re[k] + e->im[k] * e->im[k];
}

static double energy(const struct ear *e, size_t m)
{
    double sum = 0;
    for (size_t k = 0; k < REF_MEL_BINS; k++)
        sum += e->filters[m * REF_MEL_BINS + k] * e->power[k];
    return sum;
}

static void clamp(float *x, size_t n)
{
    float highest = -INFINITY;
    for (size_t i = 0; i < n; i++)
        highest = x[i] > highest ? x[i] : highest;
    for (size_t i = 0; i < n; i++)
        x[i] = ((x[i] < highest - 8 ? highest - 8 : x[i]) + 4) / 4;
}

enum err_code ref_log_mel(const float *pcm, size_t n, size_t n_mels, double *scratch, float *ret,
                          struct err *why)
{
    struct ear e = {.pcm = pcm, .n = n, .n_mels = n_mels};
    const enum err_code rc = check_mels(n_mels, why);
    if (rc != OK)
        return rc;
    prepare(&e, scratch);
    for (size_t t = 0; t < REF_MEL_FRAMES; t++) {
        listen(&e, t);
        for (size_t m = 0; m < n_mels; m++) {
            const double sum = energy(&e, m);
            ret[m * REF_MEL_FRAMES + t] = (float)log10(sum < 1e-10 ? 1e-10 : sum);
        }
    }
    clamp(ret, n_mels * REF_MEL_FRAMES);
    return OK;
}
