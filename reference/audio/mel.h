/* Sound to what Whisper listens to: log-mel frames.
 *
 *     16 kHz samples, cut or filled up with zeros to 30 s = 480,000
 *     -> 200 more on each side, mirrored without the edge (x[-i] = x[i])
 *     -> 3000 frames of 400 samples, one each 160, times 0.5 (1 - cos(2 pi i / 400))
 *     -> |DFT|^2, 201 bins -> mel filters -> log10(max(., 1e-10))
 *     -> max(., highest of all - 8) -> (. + 4) / 4
 *
 * The filters are triangles of equal area (Slaney's) whose edges stand n_mels + 2 equal steps of
 * mel apart from 0 to rate/2; mel is linear to 1 kHz, 200/3 Hz each, and from there a factor of
 * 6.4^(1/27) each. Radford and others: Robust Speech Recognition via Large-Scale Weak Supervision,
 * 2022; log_mel_spectrogram() in whisper/audio.py of openai/whisper; M. Slaney: Auditory Toolbox,
 * 1998. All is in double; a logarithm is rounded to float, then clamped and scaled in float. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    REF_MEL_RATE = 16000,
    REF_MEL_FFT = 400,
    REF_MEL_BINS = REF_MEL_FFT / 2 + 1,
    REF_MEL_HOP = 160,
    REF_MEL_SAMPLES = 480000,
    REF_MEL_FRAMES = REF_MEL_SAMPLES / REF_MEL_HOP,
    REF_MEL_MAX = 256, /* filters; Whisper has 80, from large-v3 on 128 */
};

/* w[m][k] = max(0, min((f - f_m) / (f_m+1 - f_m), (f_m+2 - f) / (f_m+2 - f_m+1))) * 2 / (f_m+2 -
 * f_m) with f = k * rate / n_fft. ret (n_mels, n_fft/2 + 1) ERR_INVALID: n_mels is not 1 to
 * REF_MEL_MAX, n_fft is odd or below 2, rate is 0. */
MUST_CHECK enum err_code ref_mel_filters(uint32_t rate, size_t n_fft, size_t n_mels, float *ret,
                                         struct err *why);

/* cos and sin of 2 pi i / 400. */
struct ref_fft {
    double cosine[REF_MEL_FFT], sine[REF_MEL_FFT];
};
void ref_fft_init(struct ref_fft *ret);

/* The spectrum of 400 real samples, sum of x[i] e^(-2 pi j i k / 400): even and odd samples are one
 * complex signal of 200 = 2 x 2 x 2 x 5 x 5 values. (Cooley, Tukey, 1965.)
 *   ret_re, ret_im (REF_MEL_BINS) */
void ref_fft_400(const struct ref_fft *t, const double *x, double *ret_re, double *ret_im);

/* Doubles of ref_log_mel()'s scratch. */
size_t ref_log_mel_scratch(size_t n_mels);

/*   pcm  (n)                       mono at REF_MEL_RATE; those beyond REF_MEL_SAMPLES are not read
 *   ret  (n_mels, REF_MEL_FRAMES)  all -1.5 for silence; a NaN makes the frames that hold it NaN
 * ERR_INVALID: n_mels is not 1 to REF_MEL_MAX. */
MUST_CHECK enum err_code ref_log_mel(const float *pcm, size_t n, size_t n_mels, double *scratch,
                                     float *ret, struct err *why);
