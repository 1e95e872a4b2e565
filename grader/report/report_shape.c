#include "grader/report/report_shape.h"

#include "grader/report/report.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define FIELD(key, kind, type, member)                                                             \
    {                                                                                              \
        key, kind, offsetof(struct type, member), 0, NULL, false                                   \
    }
#define LATER(key, kind, type, member)                                                             \
    {                                                                                              \
        key, kind, offsetof(struct type, member), 0, NULL, true                                    \
    }
#define SHAPE(name, type, fields)                                                                  \
    static const struct shape name = {sizeof(struct type), fields, COUNT_OF(fields)}

static const struct shape_field diagnostic_fields[] = {
    FIELD("file", SHAPE_TEXT_NULL, report_diagnostic, file),
    FIELD("line", SHAPE_COUNT, report_diagnostic, line),
    FIELD("column", SHAPE_COUNT, report_diagnostic, column),
    FIELD("severity", SHAPE_SEVERITY, report_diagnostic, severity),
    FIELD("message", SHAPE_TEXT, report_diagnostic, message),
};
SHAPE(diagnostic_shape, report_diagnostic, diagnostic_fields);

static const struct shape_field compile_fields[] = {
    FIELD("verdict", SHAPE_STAGE, report_compile, verdict),
    FIELD("ms", SHAPE_INT64, report_compile, ms),
    {"diagnostics", SHAPE_LIST, offsetof(struct report_compile, diagnostics),
     offsetof(struct report_compile, n_diagnostics), &diagnostic_shape, false},
    FIELD("log", SHAPE_TEXT, report_compile, log),
    LATER("cached", SHAPE_BOOL, report_compile, cached),
};
SHAPE(compile_shape, report_compile, compile_fields);

static const struct shape_field frame_fields[] = {
    FIELD("function", SHAPE_TEXT, report_frame, function),
    FIELD("file", SHAPE_TEXT, report_frame, file),
    FIELD("line", SHAPE_COUNT, report_frame, line),
};
SHAPE(frame_shape, report_frame, frame_fields);

static const struct shape_field difference_fields[] = {
    FIELD("line", SHAPE_COUNT, report_difference, line),
    FIELD("column", SHAPE_COUNT, report_difference, column),
    FIELD("expected", SHAPE_TEXT, report_difference, expected),
    FIELD("actual", SHAPE_TEXT, report_difference, actual),
};
SHAPE(difference_shape, report_difference, difference_fields);

static const struct shape_field failure_fields[] = {
    FIELD("case", SHAPE_TEXT_NULL, report_failure, test_case),
    LATER("found_as", SHAPE_TEXT_NULL, report_failure, found_as),
    FIELD("expected", SHAPE_TEXT_NULL, report_failure, expected),
    FIELD("actual", SHAPE_TEXT_NULL, report_failure, actual),
    {"difference", SHAPE_OBJECT_NULL, offsetof(struct report_failure, difference),
     offsetof(struct report_failure, has_difference), &difference_shape, true},
    LATER("arguments", SHAPE_TEXT_NULL, report_failure, arguments),
    {"stack", SHAPE_LIST, offsetof(struct report_failure, stack),
     offsetof(struct report_failure, n_stack), &frame_shape, true},
    FIELD("hint", SHAPE_TEXT_NULL, report_failure, hint),
    LATER("reproduce", SHAPE_TEXT_NULL, report_failure, reproduce),
};
SHAPE(failure_shape, report_failure, failure_fields);

static const struct shape_field group_fields[] = {
    FIELD("name", SHAPE_TEXT, report_group, name),
    FIELD("points", SHAPE_NUMBER, report_group, points),
    FIELD("earned", SHAPE_NUMBER, report_group, earned),
    FIELD("visible", SHAPE_BOOL, report_group, visible),
    FIELD("verdict", SHAPE_VERDICT, report_group, verdict),
    FIELD("cases", SHAPE_COUNT, report_group, cases),
    FIELD("passed", SHAPE_COUNT, report_group, passed),
    FIELD("ms", SHAPE_INT64, report_group, ms),
    {"first_failure", SHAPE_OBJECT_NULL, offsetof(struct report_group, first_failure),
     offsetof(struct report_group, has_failure), &failure_shape, false},
};
SHAPE(group_shape, report_group, group_fields);

static const struct shape_field roofline_fields[] = {
    FIELD("bytes", SHAPE_NUMBER, report_performance, bytes),
    FIELD("flops", SHAPE_NUMBER, report_performance, flops),
    FIELD("bandwidth_gbs", SHAPE_NUMBER, report_performance, bandwidth_gbs),
    FIELD("peak_gflops", SHAPE_NUMBER, report_performance, peak_gflops),
    LATER("level", SHAPE_TEXT_NULL, report_performance, level),
    LATER("intensity", SHAPE_NUMBER, report_performance, intensity),
    LATER("attained", SHAPE_NUMBER, report_performance, attained),
    LATER("bound", SHAPE_TEXT_NULL, report_performance, bound),
};
SHAPE(roofline_shape, report_performance, roofline_fields);

static const struct shape_field counter_fields[] = {
    FIELD("instructions", SHAPE_INT64, report_counters, instructions),
    FIELD("cycles", SHAPE_INT64, report_counters, cycles),
    FIELD("cache_misses", SHAPE_INT64, report_counters, cache_misses),
    FIELD("branch_misses", SHAPE_INT64, report_counters, branch_misses),
};
SHAPE(counter_shape, report_counters, counter_fields);

static const struct shape_field performance_fields[] = {
    FIELD("name", SHAPE_TEXT, report_performance, name),
    FIELD("unit", SHAPE_TEXT, report_performance, unit),
    FIELD("value", SHAPE_NUMBER, report_performance, value),
    FIELD("par", SHAPE_NUMBER, report_performance, par),
    FIELD("ratio", SHAPE_NUMBER, report_performance, ratio),
    FIELD("interval", SHAPE_INTERVAL, report_performance, interval),
    FIELD("pairs", SHAPE_COUNT, report_performance, pairs),
    LATER("discarded", SHAPE_COUNT, report_performance, discarded),
    FIELD("tier", SHAPE_TEXT_NULL, report_performance, tier),
    LATER("note", SHAPE_TEXT_NULL, report_performance, note),
    FIELD("earned", SHAPE_NUMBER, report_performance, earned),
    FIELD("points", SHAPE_NUMBER, report_performance, points),
    {"roofline", SHAPE_OBJECT, 0, 0, &roofline_shape, false},
    {"counters", SHAPE_OBJECT_NULL, offsetof(struct report_performance, counters),
     offsetof(struct report_performance, has_counters), &counter_shape, true},
};
SHAPE(performance_shape, report_performance, performance_fields);

static const struct shape_field finding_fields[] = {
    FIELD("kind", SHAPE_TEXT, report_finding, kind),
    FIELD("file", SHAPE_TEXT_NULL, report_finding, file),
    FIELD("line", SHAPE_COUNT, report_finding, line),
    FIELD("column", SHAPE_COUNT, report_finding, column),
    FIELD("message", SHAPE_TEXT, report_finding, message),
    LATER("group", SHAPE_TEXT_NULL, report_finding, group),
    {"stack", SHAPE_LIST, offsetof(struct report_finding, stack),
     offsetof(struct report_finding, n_stack), &frame_shape, true},
};
SHAPE(finding_shape, report_finding, finding_fields);

static const struct shape_field sanitizer_fields[] = {
    FIELD("ran", SHAPE_BOOL, report_sanitizer, ran),
    FIELD("verdict", SHAPE_STAGE, report_sanitizer, verdict),
    {"findings", SHAPE_LIST, offsetof(struct report_sanitizer, findings),
     offsetof(struct report_sanitizer, n_findings), &finding_shape, false},
};
SHAPE(sanitizer_shape, report_sanitizer, sanitizer_fields);

static const struct shape_field device_fields[] = {
    FIELD("kind", SHAPE_TEXT, report, device_kind),
    FIELD("name", SHAPE_TEXT, report, device_name),
    {"counters", SHAPE_EMPTY, 0, 0, NULL, false},
};
SHAPE(device_shape, report, device_fields);

static const struct shape_field resource_fields[] = {
    FIELD("wall_ms", SHAPE_INT64, report_resources, wall_ms),
    FIELD("cpu_ms", SHAPE_INT64, report_resources, cpu_ms),
    FIELD("peak_bytes", SHAPE_INT64, report_resources, peak_bytes),
    FIELD("limit_cpu_ms", SHAPE_INT64, report_resources, limit_cpu_ms),
    FIELD("limit_memory_bytes", SHAPE_INT64, report_resources, limit_memory_bytes),
};
SHAPE(resource_shape, report_resources, resource_fields);

static const struct shape_field cell_fields[] = {
    {"guarantees", SHAPE_TEXTS, offsetof(struct report, guarantees),
     offsetof(struct report, n_guarantees), NULL, false},
    {"degraded", SHAPE_TEXTS, offsetof(struct report, degraded),
     offsetof(struct report, n_degraded), NULL, false},
};
SHAPE(cell_shape, report, cell_fields);

static const struct shape_field report_fields[] = {
    {"version", SHAPE_VERSION, 0, 0, NULL, false},
    FIELD("lab", SHAPE_TEXT, report, lab),
    FIELD("lab_version", SHAPE_TEXT, report, lab_version),
    FIELD("lab_title", SHAPE_TEXT, report, lab_title),
    FIELD("seed", SHAPE_SEED, report, seed),
    FIELD("verdict", SHAPE_VERDICT, report, verdict),
    FIELD("score", SHAPE_NUMBER, report, score),
    FIELD("max_score", SHAPE_NUMBER, report, max_score),
    FIELD("pass", SHAPE_BOOL, report, pass),
    FIELD("message", SHAPE_TEXT_NULL, report, message),
    {"compile", SHAPE_OBJECT, offsetof(struct report, compile), 0, &compile_shape, false},
    {"groups", SHAPE_LIST, offsetof(struct report, groups), offsetof(struct report, n_groups),
     &group_shape, false},
    {"performance", SHAPE_LIST, offsetof(struct report, performance),
     offsetof(struct report, n_performance), &performance_shape, false},
    {"sanitizer", SHAPE_OBJECT, offsetof(struct report, sanitizer), 0, &sanitizer_shape, false},
    {"device", SHAPE_OBJECT, 0, 0, &device_shape, false},
    {"resources", SHAPE_OBJECT, offsetof(struct report, resources), 0, &resource_shape, false},
    {"cell", SHAPE_OBJECT, 0, 0, &cell_shape, false},
};
const struct shape report_shape = {sizeof(struct report), report_fields, COUNT_OF(report_fields)};
