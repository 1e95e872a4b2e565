/* What `grade calibrate` prints. Names are of labs, which are ours. */
#include "grader/grade/calibrate.h"

#include "base/str.h"
#include "grader/grade/quiet.h"
#include "grader/report/json_out.h"

static const char *verdict_of(const struct calibration *c)
{
    if (c->fit)
        return "fit";
    return c->smallest > CALIBRATE_TOLD ? "too wide" : "not equal";
}

void calibrate_write_text(const struct calibrate_result *r, struct str *out)
{
    str_printf(out, "Par against par on core %d: the true ratio is 1.\n\n", r->core);
    str_printf(out, "%-5s %-20s %5s %5s %6s  %-15s %6s %6s  %s\n", "lab", "timed case", "pairs",
               "lost", "ratio", "95 % interval", "spread", "told", "");
    for (size_t i = 0; i < r->n_cases; i++) {
        const struct calibration *c = &r->cases[i];
        const struct pairs_result *p = &c->result;
        str_printf(out, "%-5s %-20.20s %5zu %5zu %6.3f  %.3f to %.3f%s %5.1f%% %5.1f%%  %s\n",
                   c->lab, c->name, p->kept, p->discarded, p->ratio, p->low, p->high,
                   c->holds_one ? " " : "!", 100 * p->spread, 100 * c->smallest, verdict_of(c));
    }
    str_add(out,
            "\nlost: pairs in which par was off its own pace. spread: of single pairs. told: the "
            "smallest\ndifference that such a race can tell. !: 1 is outside of the interval.\n");
    if (r->fit) {
        str_printf(out, "\nThis host is fit: a difference of %g %% can be told.\n",
                   100 * CALIBRATE_TOLD);
        return;
    }
    str_printf(out, "\nThis host is not fit: a difference of %g %% cannot be told.%s\n",
               100 * CALIBRATE_TOLD,
               r->n_findings > 0 ? " What may be why:" : " Nothing that it shows explains that.");
    for (size_t i = 0; i < r->n_findings; i++)
        str_printf(out, "  %s\n      -> %s\n", r->findings[i].what, r->findings[i].remedy);
}

static void write_case(struct json_out *j, const struct calibration *c)
{
    json_open(j, NULL, '{');
    json_text(j, "lab", c->lab);
    json_text(j, "name", c->name);
    json_int(j, "pairs", (int64_t)c->result.kept);
    json_int(j, "discarded", (int64_t)c->result.discarded);
    json_number(j, "ratio", c->result.ratio);
    json_open(j, "interval", '[');
    json_number(j, NULL, c->result.low);
    json_number(j, NULL, c->result.high);
    json_close(j, ']');
    json_number(j, "spread", c->result.spread);
    json_bool(j, "holds_one", c->holds_one);
    json_number(j, "smallest_difference", c->smallest);
    json_bool(j, "fit", c->fit);
    json_close(j, '}');
}

void calibrate_write_json(const struct calibrate_result *r, struct str *out)
{
    struct json_out j = {.out = out};
    json_open(&j, NULL, '{');
    json_int(&j, "core", r->core);
    json_bool(&j, "fit", r->fit);
    json_open(&j, "cases", '[');
    for (size_t i = 0; i < r->n_cases; i++)
        write_case(&j, &r->cases[i]);
    json_close(&j, ']');
    json_open(&j, "findings", '[');
    for (size_t i = 0; i < r->n_findings; i++) {
        json_open(&j, NULL, '{');
        json_text(&j, "what", r->findings[i].what);
        json_text(&j, "remedy", r->findings[i].remedy);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    str_add_char(out, '\n');
}
