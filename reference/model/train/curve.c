#include "reference/model/train/curve.h"

#include <math.h>
#include <stdbool.h>

enum { WIDTH = 720, HEIGHT = 360, LEFT = 56, RIGHT = 16, TOP = 24, BOTTOM = 40 };

/* From numbers to places in the picture. */
struct scale {
    double steps, highest;
};

static double x_of(const struct scale *s, double step)
{
    return LEFT + step / s->steps * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct scale *s, double loss)
{
    return HEIGHT - BOTTOM - loss / s->highest * (HEIGHT - TOP - BOTTOM);
}

static struct scale scale_of(const struct train_point *points, size_t n)
{
    struct scale s = {.steps = fmax(1, points[n - 1].step), .highest = 1};
    for (size_t i = 0; i < n; i++)
        s.highest = fmax(s.highest, ceil(fmax(points[i].loss, points[i].held_out)));
    return s;
}

static void draw_grid(const struct scale *s, struct str *out)
{
    for (int i = 0; i <= (int)s->highest; i++)
        str_printf(out,
                   "<path d='M%d %.1fH%d' stroke='#ccc'/><text x='%d' y='%.1f' "
                   "text-anchor='end'>%d</text>\n",
                   LEFT, y_of(s, i), WIDTH - RIGHT, LEFT - 8, y_of(s, i) + 4, i);
    for (int i = 0; i <= 4; i++)
        str_printf(out, "<text x='%.1f' y='%d' text-anchor='middle'>%.0f</text>\n",
                   x_of(s, s->steps * i / 4), HEIGHT - BOTTOM + 20, s->steps * i / 4);
    str_printf(out, "<text x='%d' y='%d'>nats a token, by step</text>\n", LEFT, TOP - 8);
}

static void draw_line(const struct scale *s, const struct train_point *points, size_t n,
                      bool held_out, const char *style, struct str *out)
{
    str_add(out, "<polyline fill='none' ");
    str_add(out, style);
    str_add(out, " points='");
    for (size_t i = 0; i < n; i++)
        str_printf(out, "%.1f,%.1f ", x_of(s, points[i].step),
                   y_of(s, held_out ? points[i].held_out : points[i].loss));
    str_add(out, "'/>\n");
}

void curve_svg(const struct train_point *points, size_t n, struct str *out)
{
    const struct scale s = scale_of(points, n);
    str_printf(
        out,
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' font-family='sans-serif' "
        "font-size='12' role='img' aria-label='Loss of the last batch and of stories held "
        "out, by step'>\n<rect width='100%%' height='100%%' fill='#fff'/>\n",
        WIDTH, HEIGHT);
    draw_grid(&s, out);
    draw_line(&s, points, n, false, "stroke='#888' stroke-width='1'", out);
    draw_line(&s, points, n, true, "stroke='#036' stroke-width='2'", out);
    str_printf(
        out,
        "<text x='%d' y='%d' text-anchor='end' fill='#036'>held out: %.3f at step %d</text>\n"
        "</svg>\n",
        WIDTH - RIGHT - 8, TOP + 12, points[n - 1].held_out, points[n - 1].step);
}

void curve_csv(const struct train_point *points, size_t n, struct str *out)
{
    str_add(out, "step,loss,held_out\n");
    for (size_t i = 0; i < n; i++)
        str_printf(out, "%d,%.4f,%.4f\n", points[i].step, points[i].loss, points[i].held_out);
}
