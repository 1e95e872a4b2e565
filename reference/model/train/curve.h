/* A loss curve as a picture and as a table. */
#pragma once

#include "base/str.h"
#include "reference/model/train/train.h"

/* SVG, 720 x 360, dark on white: both losses over steps. At least one point. */
void curve_svg(const struct train_point *points, size_t n, struct str *out);

/* CSV with a header: step,loss,held_out (nats a token). */
void curve_csv(const struct train_point *points, size_t n, struct str *out);
