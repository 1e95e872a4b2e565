import { expect, test } from 'vitest';
import {
  annotationsOf,
  firstVisibleFailure,
  looseAnnotations,
  nextTier,
  repeatLine,
  tally,
  stretchesAround,
} from './report';
import type { Report, ReportGroup } from './shapes';

const group = (over: Partial<ReportGroup>): ReportGroup => ({
  name: 'g',
  points: 10,
  earned: 0,
  visible: true,
  verdict: 'wrong_answer',
  cases: 4,
  passed: 1,
  ms: 1,
  first_failure: null,
  ...over,
});
const failure = { case: 'c', expected: '1', actual: '2', hint: 'h' };

const report = (over: Partial<Report>): Report => ({
  version: 1,
  lab: '3.2',
  lab_version: '',
  lab_title: '',
  seed: 123,
  verdict: 'partial',
  score: 0,
  max_score: 100,
  pass: false,
  message: null,
  compile: { verdict: 'ok', ms: 1, diagnostics: [], log: '' },
  groups: [],
  performance: [],
  sanitizer: { ran: true, verdict: 'ok', findings: [] },
  device: { kind: 'cpu', name: '' },
  resources: { wall_ms: 0, cpu_ms: 0, peak_bytes: 0, limit_cpu_ms: 0, limit_memory_bytes: 0 },
  cell: { guarantees: [], degraded: [] },
  ...over,
});

test('the failure shown first is visible, even when a hidden group failed before it', () => {
  const groups = [
    group({ name: 'hidden', visible: false, first_failure: failure }),
    group({ name: 'seen', first_failure: failure }),
  ];
  expect(firstVisibleFailure(report({ groups }))?.group.name).toBe('seen');
});

test('a report with only hidden failures has none to show', () => {
  expect(
    firstVisibleFailure(report({ groups: [group({ visible: false, first_failure: failure })] })),
  ).toBeNull();
});

test('groups add up', () => {
  expect(tally([group({ earned: 10 }), group({ earned: 2.5 })])).toEqual({
    groups: 2,
    full: 1,
    points: 20,
    earned: 12.5,
    cases: 8,
    passed: 2,
  });
});

test('compiler and sanitizer notes of a file come in the order of its lines', () => {
  const it = report({
    compile: {
      verdict: 'ok',
      ms: 1,
      log: '',
      diagnostics: [{ file: 'a.c', line: 9, column: 1, severity: 'warning', message: 'unused' }],
    },
    sanitizer: {
      ran: true,
      verdict: 'runtime_error',
      findings: [{ kind: 'overflow', file: 'a.c', line: 4, column: 2, message: 'read' }],
    },
  });
  expect(annotationsOf(it, 'a.c').map((a) => [a.line, a.from])).toEqual([
    [4, 'sanitizer'],
    [9, 'compiler'],
  ]);
  expect(looseAnnotations(it, ['a.c'])).toEqual([]);
  expect(looseAnnotations(it, ['b.c'])).toHaveLength(2);
});

test('a crash is noted on its innermost line, with what was touched', () => {
  const crash = {
    case: 'c',
    expected: 'the call returns',
    actual: 'crashed: SIGSEGV (Segmentation fault)\na read of NULL+8',
    hint: null,
    stack: [
      { function: 'inner', file: 'a.c', line: 7 },
      { function: 'outer', file: 'b.c', line: 3 },
    ],
  };
  const it = report({ groups: [group({ name: 'g', verdict: 'runtime_error', first_failure: crash })] });
  expect(annotationsOf(it, 'a.c')).toMatchObject([{ line: 7, from: 'crash', severity: 'error' }]);
  expect(annotationsOf(it, 'a.c')[0]?.message).toContain('a read of NULL+8');
  expect(annotationsOf(it, 'b.c')).toEqual([]);
  expect(looseAnnotations(it, ['b.c'])).toEqual([]);
});

test('a report from before stacks existed has no crash to note', () => {
  const it = report({ groups: [group({ verdict: 'runtime_error', first_failure: failure })] });
  expect(annotationsOf(it, 'a.c')).toEqual([]);
});

test.each([
  [
    'lines apart make two stretches',
    [5, 40],
    [
      [3, 7],
      [38, 42],
    ],
  ],
  ['stretches that touch are joined', [5, 10], [[3, 12]]],
  [
    'a stretch stays within the file',
    [1, 50],
    [
      [1, 3],
      [48, 50],
    ],
  ],
  ['a line past the end shows the end', [99], [[48, 50]]],
])('%s', (_fact, lines, stretches) => {
  expect(stretchesAround(lines, 50, 2).map((w) => [w.from, w.to])).toEqual(stretches);
});

test('the repeat line names lab, files and seed', () => {
  expect(repeatLine(report({}), ['formats.c'])).toBe('grade run 3.2 formats.c --seed 123');
});

const tiers = [
  { name: 'gold', ratio: 0.9, points: 30 },
  { name: 'bronze', ratio: 0.4, points: 10 },
  { name: 'silver', ratio: 0.7, points: 22 },
];

test.each([
  [0.1, 0, 'bronze'],
  [0.75, 22, 'gold'],
  [0.95, 30, undefined],
])('from a ratio of %d with %d points the next tier is %s', (ratio, earned, next) => {
  const it = {
    name: '',
    unit: '',
    value: 0,
    par: 0,
    interval: [0, 0] as [number, number],
    pairs: 0,
    tier: null,
    points: 30,
    roofline: { bandwidth_gbs: 0, peak_gflops: 0 },
  };
  expect(nextTier({ ...it, ratio, earned }, tiers)?.name).toBe(next);
});
