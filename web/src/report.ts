// Readings of a report that several parts need, and that are worth a test of their own.
import type { Failure, Performance, Report, ReportGroup, StageVerdict, Tier } from './shapes';

export interface Shown {
  word: string;
  sentence: string;
  tone: 'good' | 'part' | 'bad' | 'ours';
}

/** The words of grader/report/verdict.def. */
const VERDICTS: Record<StageVerdict, Shown> = {
  ok: { word: 'OK', sentence: 'Nothing to report', tone: 'good' },
  accepted: { word: 'Accepted', sentence: 'Every group is full', tone: 'good' },
  partial: { word: 'Partial', sentence: 'Some groups are full, others miss points', tone: 'part' },
  wrong_answer: { word: 'Wrong answer', sentence: 'An output differs from the reference', tone: 'bad' },
  output_limit: { word: 'Output limit', sentence: 'More was printed than the lab allows', tone: 'bad' },
  time_limit: { word: 'Time limit', sentence: 'A case ran longer than the lab allows', tone: 'bad' },
  memory_limit: { word: 'Memory limit', sentence: 'More memory was used than the lab allows', tone: 'bad' },
  runtime_error: { word: 'Runtime error', sentence: 'The program crashed or ended early', tone: 'bad' },
  security_violation: {
    word: 'Security violation',
    sentence: 'A forbidden system call was made',
    tone: 'bad',
  },
  compile_error: { word: 'Compile error', sentence: 'The sources do not compile', tone: 'bad' },
  cancelled: { word: 'Cancelled', sentence: 'Grading was cancelled', tone: 'ours' },
  internal_error: { word: 'Internal error', sentence: 'The grader failed; this is our fault', tone: 'ours' },
};

export const shown = (verdict: StageVerdict): Shown => VERDICTS[verdict];

export const isFull = (group: ReportGroup): boolean => group.earned >= group.points;

/** The case that a learner should look at first: the first failing one whose data they may see. */
export function firstVisibleFailure(report: Report): { group: ReportGroup; failure: Failure } | null {
  for (const group of report.groups)
    if (group.visible && group.first_failure !== null) return { group, failure: group.first_failure };
  return null;
}

export interface Tally {
  groups: number;
  full: number;
  points: number;
  earned: number;
  cases: number;
  passed: number;
}

export function tally(groups: ReportGroup[]): Tally {
  const sum = (of: (g: ReportGroup) => number): number => groups.reduce((total, g) => total + of(g), 0);
  return {
    groups: groups.length,
    full: groups.filter(isFull).length,
    points: sum((g) => g.points),
    earned: sum((g) => g.earned),
    cases: sum((g) => g.cases),
    passed: sum((g) => g.passed),
  };
}

export interface Annotation {
  line: number; // 0: nowhere in the file
  column: number;
  from: 'compiler' | 'sanitizer' | 'crash';
  severity: 'note' | 'warning' | 'error';
  message: string;
}

/** Everything that was said about one submitted file, in the order of its lines. */
export function annotationsOf(report: Report, file: string): Annotation[] {
  const compiler = report.compile.diagnostics
    .filter((d) => d.file === file)
    .map((d): Annotation => ({ ...d, from: 'compiler' }));
  const sanitizer = report.sanitizer.findings
    .filter((f) => f.file === file)
    .map((f): Annotation => ({
      ...f,
      from: 'sanitizer',
      severity: 'error',
      message: `${f.kind}: ${f.message}`,
    }));
  return [...compiler, ...sanitizer, ...crashesIn(report, file)].sort(
    (a, b) => a.line - b.line || a.column - b.column,
  );
}

/** Crashes whose innermost line is in this file. The verdict of the group has the rest. */
function crashesIn(report: Report, file: string): Annotation[] {
  return report.groups.flatMap((group) => {
    const frame = group.first_failure?.stack?.[0];
    if (frame === undefined || frame.file !== file) return [];
    const message = `${group.name}: ${group.first_failure?.actual ?? shown(group.verdict).sentence}`;
    return [{ line: frame.line, column: 0, from: 'crash', severity: 'error', message }];
  });
}

/** What was said about no submitted file, e.g. by the linker. A crash always has a line of one. */
export function looseAnnotations(report: Report, files: string[]): Annotation[] {
  const known = new Set<string | null>(files);
  const elsewhere = (file: string | null): boolean => !known.has(file);
  const cut: Report = {
    ...report,
    compile: {
      ...report.compile,
      diagnostics: report.compile.diagnostics
        .filter((d) => elsewhere(d.file))
        .map((d) => ({ ...d, file: '' })),
    },
    sanitizer: {
      ...report.sanitizer,
      findings: report.sanitizer.findings.filter((f) => elsewhere(f.file)).map((f) => ({ ...f, file: '' })),
    },
    groups: [],
  };
  return annotationsOf(cut, '');
}

export interface Stretch {
  from: number; // 1-based, inclusive
  to: number;
}

/** The stretches of source to show: each noted line with `context` lines around it, joined where they
 *  touch. A note on a line past the end (a missing brace) shows the end. */
export function stretchesAround(lines: number[], total: number, context: number): Stretch[] {
  const stretches: Stretch[] = [];
  for (const line of [...lines].sort((a, b) => a - b)) {
    const at = Math.min(Math.max(line, 1), total);
    const from = Math.max(1, at - context);
    const to = Math.min(total, at + context);
    const last = stretches[stretches.length - 1];
    if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to);
    else stretches.push({ from, to });
  }
  return stretches;
}

/** The command that repeats this grading on one's own machine, to the bit. */
export const repeatLine = (report: Report, files: string[]): string =>
  `grade run ${report.lab} ${files.join(' ')} --seed ${report.seed}`;

/** The nearest tier that is worth more than what was earned; null: there is none. */
export function nextTier(it: Performance, tiers: Tier[]): Tier | null {
  const better = tiers.filter((t) => t.points > it.earned && t.ratio > it.ratio);
  return better.sort((a, b) => a.ratio - b.ratio)[0] ?? null;
}
