// What the HTTP API sends, word for word (server/openapi.json, grader/report.schema.json).

export type Verdict =
  | 'accepted'
  | 'partial'
  | 'wrong_answer'
  | 'output_limit'
  | 'time_limit'
  | 'memory_limit'
  | 'runtime_error'
  | 'security_violation'
  | 'compile_error'
  | 'cancelled'
  | 'internal_error';

/** A stage says "ok" where a whole submission would say "accepted". */
export type StageVerdict = Verdict | 'ok';

export interface User {
  id: string;
  login: string;
  name: string;
  role: 'learner' | 'instructor' | 'admin';
}

export interface Best {
  submission: string;
  score: number;
  verdict: Verdict;
  pass: boolean;
}

export interface LabBrief {
  id: string;
  slug: string;
  title: string;
  module: number;
  kind: string;
  hours: number;
  max_score: number;
  pass_mark: number;
  files: string[];
  status: 'new' | 'started' | 'passed';
  attempts: number;
  best: Best | null;
  /** False: something is wrong with the lab itself, and it takes no submissions until that is mended. */
  available: boolean;
  /** What is wrong, for staff. */
  unavailable_reason?: string;
}

export interface Lesson {
  id: string;
  title: string;
  hours: number;
  labs: string[];
}

export interface CourseModule {
  module: number;
  title: string;
  goal: string;
  hours: [number, number];
  difficulty: string;
  lessons: Lesson[];
  labs: LabBrief[];
}

export interface Limits {
  compile_ms: number;
  case_cpu_ms: number;
  group_cpu_ms: number;
  memory_bytes: number;
  stack_bytes: number;
  output_bytes: number;
  arena_bytes: number;
}

export interface LabGroup {
  name: string;
  points: number;
  visible: boolean;
  about: string;
}

export interface Tier {
  name: string;
  ratio: number;
  points: number;
}

export interface LabTimed {
  name: string;
  unit: string;
  points: number;
  tiers: Tier[];
}

export interface FileRule {
  name: string;
  max_bytes: number;
}

export interface Lab extends LabBrief {
  handout: string;
  lessons: string[];
  needs: string[];
  limits: Limits;
  file_rules: FileRule[];
  groups: LabGroup[];
  timed: LabTimed[];
  provided: { path: string; bytes: number }[];
}

export interface Diagnostic {
  file: string | null;
  line: number;
  column: number;
  severity: 'note' | 'warning' | 'error';
  message: string;
}

/** One call on the stack of a crash, innermost first; only those in submitted files. */
export interface Frame {
  function: string;
  file: string;
  line: number;
}

/** The keys with a question mark are missing from reports that were stored before they existed. */
export interface Failure {
  case: string | null;
  found_as?: string | null;
  expected: string | null;
  actual: string | null;
  difference?: { line: number; column: number; expected: string; actual: string } | null;
  arguments?: string | null;
  stack?: Frame[];
  hint: string | null;
  reproduce?: string | null;
}

export interface ReportGroup {
  name: string;
  points: number;
  earned: number;
  visible: boolean;
  verdict: Verdict;
  cases: number;
  passed: number;
  ms: number;
  first_failure: Failure | null;
}

export interface Performance {
  name: string;
  unit: string;
  value: number;
  par: number;
  ratio: number;
  interval: [number, number];
  pairs: number;
  discarded?: number; // what follows a question mark is missing in reports of before it
  tier: string | null;
  note?: string | null;
  earned: number;
  points: number;
  roofline: Roofline;
}

export interface Roofline {
  bandwidth_gbs: number;
  peak_gflops: number;
  level?: string | null;
  attained?: number;
  bound?: string | null;
}

export interface Finding {
  kind: string;
  file: string | null;
  line: number;
  column: number;
  message: string;
  group?: string | null;
  stack?: Frame[];
}

export interface Report {
  version: 1;
  lab: string;
  lab_version: string;
  lab_title: string;
  seed: number;
  verdict: Verdict;
  score: number;
  max_score: number;
  pass: boolean;
  message: string | null;
  compile: { verdict: StageVerdict; ms: number; diagnostics: Diagnostic[]; log: string };
  groups: ReportGroup[];
  performance: Performance[];
  sanitizer: { ran: boolean; verdict: StageVerdict; findings: Finding[] };
  device: { kind: string; name: string };
  resources: {
    wall_ms: number;
    cpu_ms: number;
    peak_bytes: number;
    limit_cpu_ms: number;
    limit_memory_bytes: number;
  };
  cell: { guarantees: string[]; degraded: string[] };
}

export interface Submission {
  id: string;
  lab: string;
  lab_title: string;
  user: string;
  state: 'queued' | 'running' | 'finished';
  mode: 'full' | 'visible';
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  queue_position: number | null;
  verdict: Verdict | null;
  score: number | null;
  max_score: number;
  pass: boolean | null;
  files: { name: string; bytes: number; sha256: string }[];
  report?: Report | null;
}

export interface Token {
  id: string;
  name: string;
  scopes: Scope[];
  created_at: string;
  last_used_at: string | null;
}

export type Scope = 'submit' | 'read' | 'grade' | 'admin';

/** RFC 9457. */
export interface ProblemDetails {
  type?: string;
  title: string;
  status: number;
  detail?: string;
  request_id?: string;
  errors?: { pointer: string; detail: string }[];
}

export type LabEvent =
  | { event: 'state'; state: Submission['state']; queue_position: number | null }
  | { event: 'compile_started' }
  | { event: 'compile_finished'; verdict: StageVerdict; ms: number }
  | { event: 'group_started'; group: string }
  | {
      event: 'group_finished';
      group: string;
      visible: boolean;
      verdict: Verdict;
      earned: number;
      points: number;
      cases: number;
      passed: number;
      ms: number;
    }
  | { event: 'sanitizer_started' }
  | { event: 'sanitizer_finished'; verdict: StageVerdict; findings: number }
  | { event: 'timed_started'; name: string }
  | {
      event: 'timed_finished';
      name: string;
      value: number;
      unit: string;
      ratio: number;
      tier: string | null;
      earned: number;
      points: number;
    }
  | { event: 'finished'; verdict: Verdict; score: number; max_score: number; pass: boolean };

export const EVENT_NAMES = [
  'state',
  'compile_started',
  'compile_finished',
  'group_started',
  'group_finished',
  'sanitizer_started',
  'sanitizer_finished',
  'timed_started',
  'timed_finished',
  'finished',
] as const satisfies readonly LabEvent['event'][];
