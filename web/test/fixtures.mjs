// What the mock server knows: a small course, and one report for each way a grading can end.

export const user = { id: '01JADA00000000000000000000', login: 'ada', name: 'Ada Byron', role: 'learner' };
export const PASSWORD = 'correct horse';

const limits = {
  compile_ms: 20000,
  case_cpu_ms: 2000,
  group_cpu_ms: 20000,
  memory_bytes: 268435456,
  stack_bytes: 8388608,
  output_bytes: 65536,
  arena_bytes: 67108864,
};

const handout = `# Lab 3.2: ggml's block formats, to the bit

Every quantised model on disk is a row of *blocks*. In this lab you read and write ten of ggml's tensor
types so that your bytes are ggml's bytes. The functions are declared in [lab.h](lab.h).

## What to write

\`\`\`c
size_t qt_row_bytes(uint32_t type, int64_t n);   /* 0 if unknown, or n does not fill blocks */
int qt_dequantize(uint32_t type, const void *src, float *dst, int64_t n);
int qt_quantize(uint32_t type, const float *src, void *dst, int64_t n);
\`\`\`

- \`src\` and \`dst\` may be unaligned: read with \`memcpy\`, never through a cast pointer.
- Inputs are finite. An all-zero block has bytes of its own, see [the table](#layouts).

## Layouts

| type | bytes | layout |
| --- | ---: | --- |
| Q4_0 | 18 | \`d\` half at 0, \`qs[16]\` at 2; y = (q - 8) d |
| Q4_1 | 20 | \`d\` at 0, \`m\` at 2, \`qs[16]\` at 4; y = q d + m |
| Q8_0 | 34 | \`d\` at 0, \`int8 qs[32]\` at 2; y = q d |

### Rounding

Q4_0 takes the element of largest magnitude, *with its sign*, the first one on ties:

\`\`\`c
const float d = max / -8.0f;
const float id = d != 0.0f ? 1.0f / d : 0.0f;
q = MIN(15, (int8_t)(x[j] * id + 8.5f)); // truncates
\`\`\`

> The quantiser in a CPU backend may round otherwise. The reference is the reference.
`;

export const starter = `/* Lab 3.2: ggml's block formats. This starter does F32 and Q8_0; the rest is yours. */
#include "lab.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 32 };

size_t qt_row_bytes(uint32_t type, int64_t n)
{
    switch (type) {
    case QT_F32:
        return (size_t)n * sizeof(float);
    case QT_Q8_0:
        return n % BLOCK == 0 ? (size_t)(n / BLOCK) * 34 : 0;
    default:
        return 0; /* yours */
    }
}

static void quantize_q4_0(const float *x, uint8_t *ret)
{
    float max = 0.0f;
    for (int j = 0; j < BLOCK; j++)
        if (fabsf(x[j]) > fabsf(max))
            max = fabsf(x[j]);
    const float d = max / -8.0f;
    int unused = 3;
    memcpy(ret, &d, 2);
}

int qt_quantize(uint32_t type, const float *src, void *dst, int64_t n)
{
    if (type != QT_F32)
        return -1;
    memcpy(dst, src, (size_t)n * sizeof(float));
    return 0;
}
`;

const group = (name, points, visible, about) => ({ name, points, visible, about });

const lab32 = {
  id: '3.2',
  slug: 'ggml-formats',
  title: "Format comparison: ggml's block formats to the bit",
  module: 3,
  kind: 'guided',
  hours: 4,
  max_score: 100,
  pass_mark: 70,
  files: ['formats.c'],
  available: true,
  status: 'passed',
  attempts: 4,
  best: { submission: '01JPARTIAL', score: 72.5, verdict: 'partial', pass: true },
  handout,
  lessons: ['3.2'],
  needs: ['3.1', '1.5'],
  limits,
  file_rules: [{ name: 'formats.c', max_bytes: 262144 }],
  groups: [
    group('dq-legacy', 15, true, 'Random blocks of the five 32-weight formats decode to the exact floats.'),
    group('q-legacy', 10, true, 'Gaussian, uniform and integer rows encode to the exact bytes.'),
    group('q-legacy-hidden', 15, false, 'The same with half-integers (ties) and outliers.'),
    group('dq-k', 20, false, 'Q4_K, Q5_K and Q6_K blocks with every 6-bit scale and min.'),
    group('q-k', 20, false, 'Q4_K and Q6_K: valid blocks, error close to the reference quantiser.'),
    group('edges', 10, false, 'Zero blocks, ties of sign, scales that underflow or overflow.'),
    group('convert', 5, false, 'All pairs of types, within 64 KiB of temporaries.'),
    group('hygiene', 5, false, 'No finding by the sanitizers: alignment, overflow, float to int.'),
  ],
  timed: [{ name: 'dequantize Q4_K', unit: 'GB/s', points: 0, tiers: [] }],
  provided: [
    { path: 'lab.h', bytes: 4311 },
    { path: 'handout.md', bytes: handout.length },
    { path: 'starter/formats.c', bytes: starter.length },
  ],
};

const lab33 = {
  ...lab32,
  id: '3.3',
  slug: 'dot-q4q8',
  title: 'A Q4_0 x Q8_0 dot product at memory speed',
  kind: 'challenge',
  files: ['dot.c'],
  file_rules: [{ name: 'dot.c', max_bytes: 262144 }],
  status: 'passed',
  attempts: 1,
  best: { submission: '01JSPEED', score: 92, verdict: 'partial', pass: true },
  groups: [
    group('block', 20, true, 'One block, all values of both sides.'),
    group('rows', 20, true, 'Rows of 32 to 4096 weights.'),
    group('extremes', 15, false, 'y holds -128; scales are subnormal.'),
  ],
  timed: [
    {
      name: 'vec_dot, 4096',
      unit: 'GB/s',
      points: 30,
      tiers: [
        { name: 'bronze', ratio: 0.4, points: 10 },
        { name: 'silver', ratio: 0.7, points: 22 },
        { name: 'gold', ratio: 0.9, points: 30 },
      ],
    },
    {
      name: 'matvec, 4096 x 4096',
      unit: 'GB/s',
      points: 15,
      tiers: [
        { name: 'bronze', ratio: 0.4, points: 5 },
        { name: 'gold', ratio: 0.9, points: 15 },
      ],
    },
  ],
  provided: [{ path: 'starter/dot.c', bytes: starter.length }],
};

const lab13 = { ...lab32, id: '1.3', slug: 'roofline', title: 'A roofline for your own core', module: 1 };
lab13.best = { submission: '01JACCEPTED', score: 100, verdict: 'accepted', pass: true };

export const labs = [lab13, lab32, lab33];

const brief = (over) => ({
  ...Object.fromEntries(
    ['module', 'kind', 'hours', 'max_score', 'pass_mark', 'files', 'status', 'attempts', 'best'].map((k) => [
      k,
      lab32[k],
    ]),
  ),
  available: true,
  status: 'new',
  attempts: 0,
  best: null,
  ...over,
});

const best = (score, pass) => ({
  submission: '01JACCEPTED',
  score,
  verdict: pass ? 'accepted' : 'wrong_answer',
  pass,
});

/** A lab whose proof failed: it stands in the list, and answers 503. */
export const unavailable = brief({
  ...{ id: '2.5', slug: 'sampler', title: 'A sampler that can be repeated', module: 2 },
  ...{ available: false, status: 'started', attempts: 1 },
});
export const WHY_UNAVAILABLE = {
  learner: 'something is wrong with the lab itself; its authors can see what',
  staff: 'its proof failed: solution: earns 5 of 10 in \'top-k\' (wrong_answer)',
};

export const modules = [
  {
    module: 1,
    title: 'Inference from the ground up',
    goal: 'Read a model file, lay out its tensors, and know where every byte and millisecond goes.',
    hours: [15, 20],
    difficulty: 'beginner',
    lessons: [{ id: '1.5', title: 'The GGUF file', hours: 3, labs: ['1.5'] }],
    labs: [
      brief({
        id: '1.3',
        slug: 'roofline',
        title: 'A roofline for your own core',
        module: 1,
        status: 'passed',
        attempts: 2,
        best: best(100, true),
      }),
      brief({
        id: '1.5',
        slug: 'gguf-read',
        title: 'Read a GGUF file that wants to harm you',
        module: 1,
        status: 'passed',
        attempts: 7,
        best: best(84, true),
      }),
    ],
  },
  {
    module: 2,
    title: 'The forward pass',
    goal: 'Tokenise, attend, sample: one token from start to end, in plain C.',
    hours: [18, 24],
    difficulty: 'intermediate',
    lessons: [],
    labs: [
      brief({
        id: '2.1',
        slug: 'bpe',
        title: 'A byte-pair tokenizer that agrees with the model',
        module: 2,
        status: 'started',
        attempts: 3,
        best: best(41, false),
      }),
      brief({ id: '2.4', slug: 'forward', title: 'One layer, then all of them', module: 2 }),
      unavailable,
    ],
  },
  {
    module: 3,
    title: 'Quantization and optimization',
    goal: 'Know the formats to the bit, their errors to the decibel, and their kernels to the cycle.',
    hours: [16, 20],
    difficulty: 'intermediate to advanced',
    lessons: [{ id: '3.2', title: 'GGUF formats', hours: 4, labs: ['3.2'] }],
    labs: [lab32, lab33].map((lab) =>
      brief(Object.fromEntries(Object.keys(brief({ id: '', slug: '', title: '' })).map((k) => [k, lab[k]]))),
    ),
  },
  {
    module: 4,
    title: 'CUDA',
    goal: 'The same kernels on a GPU, or on one that is not there.',
    hours: [20, 28],
    difficulty: 'advanced',
    lessons: [],
    labs: [],
  },
];

// --- reports

const ok = (g, ms = 12, cases = 24) => ({
  name: g.name,
  points: g.points,
  earned: g.points,
  visible: g.visible,
  verdict: 'accepted',
  cases,
  passed: cases,
  ms,
  first_failure: null,
});
const bad = (g, earned, passed, first_failure, verdict = 'wrong_answer', cases = 24) => ({
  ...ok(g, 14, cases),
  earned,
  passed,
  verdict,
  first_failure,
});
const hiddenHint = (hint) => ({ case: null, expected: null, actual: null, hint });

const base = (lab) => ({
  version: 1,
  lab: lab.id,
  lab_version: '9f2c66d1a0',
  lab_title: lab.title,
  seed: 7035546216093921,
  verdict: 'accepted',
  score: 100,
  max_score: 100,
  pass: true,
  message: null,
  compile: { verdict: 'ok', ms: 93, diagnostics: [], log: '' },
  groups: lab.groups.map((g) => ok(g)),
  performance: lab.timed.map((t) => ({
    name: t.name,
    unit: t.unit,
    value: 5.13,
    par: 6.02,
    ratio: 0.852,
    interval: [0.834, 0.869],
    pairs: 31,
    tier: null,
    earned: 0,
    points: 0,
    roofline: { bytes: 0, flops: 0, bandwidth_gbs: 0, peak_gflops: 0 },
  })),
  sanitizer: { ran: true, verdict: 'ok', findings: [] },
  device: { kind: 'cpu', name: 'AMD EPYC 7B13', counters: {} },
  resources: {
    wall_ms: 1874,
    cpu_ms: 1412,
    peak_bytes: 23068672,
    limit_cpu_ms: 2000,
    limit_memory_bytes: 268435456,
  },
  cell: { guarantees: ['userns', 'seccomp', 'cgroup_v2', 'landlock'], degraded: [] },
});

const sum = (groups) => groups.reduce((total, g) => total + g.earned, 0);
const warning = {
  file: 'formats.c',
  line: 28,
  column: 9,
  severity: 'warning',
  message: "unused variable 'unused' [-Wunused-variable]",
};
const warningLog = `formats.c: In function 'quantize_q4_0':
formats.c:28:9: warning: unused variable 'unused' [-Wunused-variable]
   28 |     int unused = 3;
      |         ^~~~~~
`;

const firstFailure = {
  case: 'Q4_0, 3 blocks of integers, block 1',
  expected: '00 b0 80 8f 88 88 88 88\n88 88 88 88 88 88 88 88\n88 88\nd = -0.125, q[0] = 0, q[1] = 15',
  actual: '00 30 80 81 88 88 88 88\n88 88 88 88 88 88 88 88\n88 88\nd = 0.125, q[0] = 0, q[1] = 1',
  hint: '+1 and -1 tie in magnitude: the first one decides the sign of d. You took the magnitude alone, so d lost its sign.',
  found_as: 'Q4_0, 12 blocks of integers',
  difference: { line: 1, column: 4, expected: 'b0', actual: '30' },
  arguments: '0: 2\n1: 384 bytes in: 1 -1 0 0 0 0 0 0 ... 88 more\n2: 54 bytes out\n3: 96',
  stack: [],
  reproduce: 'grade run 3.2 formats.c --seed 7035546216093921 --case q-legacy:3',
};

const g = lab32.groups;
const partialGroups = [
  ok(g[0]),
  bad(g[1], 7.5, 18, firstFailure, 'partial'),
  ok(g[2]),
  ok(g[3], 31, 40),
  bad(
    g[4],
    15,
    6,
    hiddenHint(
      'Q6_K is within 1.05 of the reference error; the full points start at 1.001. Try more trial scales.',
    ),
    'partial',
    8,
  ),
  bad(g[5], 0, 3, hiddenHint('A block of zeros has bytes of its own in Q4_0 and Q5_0.'), 'wrong_answer', 10),
  bad(g[6], 0, 2, hiddenHint('Temporaries grew with n: convert row by row.'), 'memory_limit', 7),
  bad(g[7], 0, 0, hiddenHint('1 finding: see the note in your source.'), 'runtime_error', 1),
];

const reports = {
  partial: {
    ...base(lab32),
    verdict: 'partial',
    score: sum(partialGroups),
    compile: { verdict: 'ok', ms: 93, diagnostics: [warning], log: warningLog },
    groups: partialGroups,
    sanitizer: {
      ran: true,
      verdict: 'runtime_error',
      findings: [
        {
          kind: 'stack-buffer-overflow',
          file: 'formats.c',
          line: 29,
          column: 5,
          message: 'write of 2 bytes past the end of ret, from qt_quantize (formats.c:37)',
        },
      ],
    },
  },
  accepted: base(lab13),
  compile_error: {
    ...base(lab32),
    verdict: 'compile_error',
    score: 0,
    pass: false,
    compile: {
      verdict: 'compile_error',
      ms: 61,
      diagnostics: [
        {
          file: 'formats.c',
          line: 27,
          column: 20,
          severity: 'error',
          message: "expected ')' before ';' token",
        },
        {
          file: 'formats.c',
          line: 12,
          column: 10,
          severity: 'error',
          message: "'QT_F32' undeclared (first use in this function)",
        },
        {
          file: 'formats.c',
          line: 12,
          column: 10,
          severity: 'note',
          message: 'each undeclared identifier is reported only once',
        },
        warning,
      ],
      log: warningLog,
    },
    groups: lab32.groups.map((x) => ({ ...ok(x, 0, 0), earned: 0, verdict: 'compile_error' })),
    performance: [],
    sanitizer: { ran: false, verdict: 'compile_error', findings: [] },
  },
  hidden: {
    ...base(lab32),
    verdict: 'wrong_answer',
    groups: [
      ok(g[0]),
      ok(g[1]),
      ok(g[2]),
      bad(g[3], 0, 11, hiddenHint('Sub-block 5: scale bits 4 and 5 live in byte 1, bits 6 and 7.')),
      bad(g[4], 0, 1, hiddenHint('Scales are not searched for.'), 'wrong_answer', 8),
      bad(g[5], 5, 8, hiddenHint('A block of zeros has bytes of its own in Q4_0 and Q5_0.'), 'partial', 10),
      ok(g[6]),
      ok(g[7]),
    ],
    score: 55,
    pass: false,
  },
  crash: {
    ...base(lab32),
    verdict: 'runtime_error',
    score: 85,
    groups: [
      bad(
        g[0],
        0,
        0,
        {
          case: 'restore Q4_0, 1 block, random bytes',
          found_as: null,
          expected: 'the call returns',
          actual: 'crashed: SIGSEGV (Segmentation fault)\na read of NULL+8',
          difference: null,
          arguments: '0: 2\n1: 18 bytes in: 00 3c 98 88\n2: 128 bytes out\n3: 32',
          stack: [
            { function: 'unpack', file: 'formats.c', line: 29 },
            { function: 'qt_dequantize', file: 'formats.c', line: 37 },
          ],
          hint: null,
          reproduce: 'grade run 3.2 formats.c --seed 7035546216093921 --case dq-legacy:1',
        },
        'runtime_error',
      ),
      ...g.slice(1).map((x) => ok(x)),
    ],
    pass: true,
  },
  runtime: {
    ...base(lab32),
    verdict: 'runtime_error',
    score: 15,
    pass: false,
    groups: [
      ok(g[0]),
      bad(
        g[1],
        0,
        4,
        {
          case: 'Q5_1, 64 blocks of noise',
          expected: null,
          actual: 'signal 11 at <img src=x onerror=alert(1)>',
          hint: 'Signal 11 (segmentation fault) in qt_quantize, 4 bytes past the end of src.',
        },
        'runtime_error',
      ),
      ...g.slice(2).map((x) => bad(x, 0, 0, hiddenHint('The program ended early.'), 'runtime_error')),
    ],
    cell: { guarantees: ['userns', 'seccomp'], degraded: ['cgroup: memory is limited per process only'] },
  },
  speed: {
    ...base(lab33),
    verdict: 'partial',
    score: 92,
    performance: [
      {
        ...base(lab33).performance[0],
        value: 18.4,
        par: 22.1,
        ratio: 0.832,
        interval: [0.79, 0.874],
        discarded: 3,
        tier: 'silver',
        note: 'The interval holds the border of silver at 0.8 of par: in doubt the better tier counts.',
        roofline: {
          bytes: 4718592, flops: 8388608, bandwidth_gbs: 29.4, peak_gflops: 231,
          level: 'memory', intensity: 1.78, attained: 0.63, bound: 'memory',
        },
        earned: 22,
        points: 30,
      },
      {
        ...base(lab33).performance[1],
        value: 14.9,
        par: 13.8,
        ratio: 1.08,
        interval: [1.06, 1.1],
        tier: 'gold',
        earned: 15,
        points: 15,
      },
    ],
  },
};

let age = 0;
export const submissionOf = (id, lab, report) => {
  age += 1;
  const at = Date.now() - age * 3 * 3600_000;
  const iso = (ms) => new Date(ms).toISOString();
  return {
    id,
    lab: lab.id,
    lab_title: lab.title,
    user: user.login,
    state: 'finished',
    mode: 'full',
    created_at: iso(at),
    started_at: iso(at + 40),
    finished_at: iso(at + 1930),
    queue_position: null,
    verdict: report.verdict,
    score: report.score,
    max_score: 100,
    pass: report.pass,
    files: lab.files.map((name) => ({ name, bytes: starter.length, sha256: 'e3b0c442' })),
    report,
  };
};

export const finished = [
  submissionOf('01JPARTIAL', lab32, reports.partial),
  submissionOf('01JHIDDEN', lab32, reports.hidden),
  submissionOf('01JCRASH', lab32, reports.crash),
  submissionOf('01JRUNTIME', lab32, reports.runtime),
  submissionOf('01JCOMPILE', lab32, reports.compile_error),
  submissionOf('01JACCEPTED', lab13, reports.accepted),
  submissionOf('01JSPEED', lab33, reports.speed),
  submissionOf('01JSAMPLER', unavailable, { ...reports.partial, lab: unavailable.id, lab_title: unavailable.title }),
];

export const reportFor = (source) => {
  if (source.includes('does not compile')) return reports.compile_error;
  return source.includes('full solution') ? reports.accepted : reports.partial;
};

/** The events that lead to a report, as the grader sends them. */
export function eventsOf(report) {
  if (report.compile.verdict !== 'ok')
    return [
      { event: 'compile_started' },
      { event: 'compile_finished', verdict: report.compile.verdict, ms: report.compile.ms },
      last(report),
    ];
  const groups = report.groups.flatMap(({ first_failure, name, ...rest }) => [
    { event: 'group_started', group: name },
    { event: 'group_finished', group: name, ...rest },
  ]);
  const timed = report.performance.flatMap(({ name, value, unit, ratio, tier, earned, points }) => [
    { event: 'timed_started', name },
    { event: 'timed_finished', name, value, unit, ratio, tier, earned, points },
  ]);
  return [
    { event: 'compile_started' },
    { event: 'compile_finished', verdict: 'ok', ms: report.compile.ms },
    ...groups,
    { event: 'sanitizer_started' },
    {
      event: 'sanitizer_finished',
      verdict: report.sanitizer.verdict,
      findings: report.sanitizer.findings.length,
    },
    ...timed,
    last(report),
  ];
}

const last = ({ verdict, score, max_score, pass }) => ({
  event: 'finished',
  verdict,
  score,
  max_score,
  pass,
});
