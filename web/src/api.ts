// The only file that speaks HTTP. Everything it returns has the shape that shapes.ts says; everything
// that goes wrong is a Problem.
import {
  EVENT_NAMES,
  type CourseModule,
  type Lab,
  type LabEvent,
  type ProblemDetails,
  type Scope,
  type Submission,
  type Token,
  type User,
} from './shapes';

const BASE = '/api/v1';
/** Sent to the window when the server no longer knows who we are. */
export const SIGNED_OUT = 'graded:signed-out';
const POLL_SECONDS = 25; // below the server's 60 and below the idle limit of usual proxies

export class Problem extends Error {
  constructor(readonly details: ProblemDetails) {
    super(details.detail ?? details.title);
  }
  get status(): number {
    return this.details.status;
  }
  /** A fault of the lab's own files: asking again does not help before somebody has mended them. */
  get isLabUnavailable(): boolean {
    return this.details.type === '/problems/lab-unavailable';
  }
}

const unreachable = (): Problem =>
  new Problem({
    status: 0,
    title: 'The server cannot be reached',
    detail: 'The server did not answer. Check the connection, then try again; nothing was lost.',
  });

async function problemOf(response: Response): Promise<Problem> {
  const fallback = { status: response.status, title: response.statusText || `HTTP ${response.status}` };
  try {
    const body = (await response.json()) as Partial<ProblemDetails>;
    return new Problem({ ...fallback, ...body });
  } catch {
    return new Problem(fallback);
  }
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has('Accept')) headers.set('Accept', 'application/json');
  let response: Response;
  try {
    response = await fetch(BASE + path, { ...init, headers, credentials: 'same-origin' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw unreachable();
  }
  if (response.status === 401 && path !== '/sessions') dispatchEvent(new Event(SIGNED_OUT));
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function read<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await ask(path, init)).json()) as T;
}

async function readText(path: string): Promise<string> {
  return (await ask(path, { headers: { Accept: 'text/plain, text/x-c, */*' } })).text();
}

function post(body: unknown): RequestInit {
  return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

const part = encodeURIComponent;
const filePath = (path: string): string => path.split('/').map(part).join('/');

/** Names one press of the submit button, so that a retry by the network is not a second attempt.
 *  Not crypto.randomUUID: that one is missing outside https and localhost. */
function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

// --- session

export const signIn = async (login: string, password: string): Promise<User> =>
  (await read<{ user: User }>('/sessions', post({ login, password }))).user;

export const signOut = async (): Promise<void> => {
  await ask('/sessions/current', { method: 'DELETE' });
};

export const getMe = async (): Promise<User> => (await read<{ user: User }>('/me')).user;

// --- labs

export const getModules = async (): Promise<CourseModule[]> =>
  (await read<{ modules: CourseModule[] }>('/modules')).modules;

export const getLab = (id: string): Promise<Lab> => read<Lab>(`/labs/${part(id)}`);

export const labFileUrl = (lab: string, path: string): string =>
  `${BASE}/labs/${part(lab)}/files/${filePath(path)}`;

export const getLabFile = (lab: string, path: string): Promise<string> =>
  readText(`/labs/${part(lab)}/files/${filePath(path)}`);

// --- submissions

export function submit(lab: string, files: { name: string; text: string }[]): Promise<Submission> {
  const body = new FormData();
  for (const file of files) body.append('file', new Blob([file.text], { type: 'text/x-c' }), file.name);
  return read<Submission>(`/labs/${part(lab)}/submissions`, {
    method: 'POST',
    headers: { 'Idempotency-Key': idempotencyKey() },
    body,
  });
}

/** All own attempts, newest first: they are numbered by their place, so no page of the list may lack. */
export async function getSubmissions(lab: string): Promise<Submission[]> {
  const all: Submission[] = [];
  let cursor: string | null = null;
  do {
    const from: string = cursor === null ? '' : `&cursor=${part(cursor)}`;
    const page: { submissions: Submission[]; next: string | null } = await read(
      `/labs/${part(lab)}/submissions?limit=200${from}`,
    );
    all.push(...page.submissions);
    cursor = page.next;
  } while (cursor !== null);
  return all;
}

export const getSubmission = (id: string): Promise<Submission> =>
  read<Submission>(`/submissions/${part(id)}`);

export const getSubmissionFile = (id: string, name: string): Promise<string> =>
  readText(`/submissions/${part(id)}/files/${part(name)}`);

export interface Follower {
  event(event: LabEvent): void;
  /** How news arrives from now on; a page may say that it is slower. */
  way(way: 'stream' | 'poll'): void;
  finished(): void;
  failed(why: Problem): void;
}

/** Follows a submission to its end: by server-sent events, and by long polling once those fail.
 *  EventSource reconnects by itself and sends Last-Event-ID; only a stream that is refused, or that
 *  breaks twice without a word between, is given up. Returns the function that stops following. */
export function follow(id: string, to: Follower): () => void {
  const abort = new AbortController();
  const stream = new EventSource(`${BASE}/submissions/${part(id)}/events`);
  let breaks = 0;
  let polling = false;

  const poll = (): void => {
    if (polling) return;
    polling = true;
    stream.close();
    void pollUntilFinished(id, to, abort.signal);
  };
  const onEvent =
    (name: LabEvent['event']) =>
    (message: MessageEvent<string>): void => {
      breaks = 0;
      to.event({ ...(JSON.parse(message.data) as object), event: name } as LabEvent);
      if (name === 'finished') poll(); // the report is one read away
    };

  stream.onopen = () => to.way('stream');
  stream.onerror = () => {
    breaks += 1;
    if (stream.readyState !== EventSource.CLOSED && breaks < 2) return;
    to.way('poll');
    poll();
  };
  for (const name of EVENT_NAMES) stream.addEventListener(name, onEvent(name));
  return () => {
    stream.close();
    abort.abort();
  };
}

async function pollUntilFinished(id: string, to: Follower, signal: AbortSignal): Promise<void> {
  try {
    for (;;) {
      const asked = Date.now();
      const now = await read<Submission>(`/submissions/${part(id)}?wait=${POLL_SECONDS}`, { signal });
      if (now.state === 'finished') return to.finished();
      to.event({ event: 'state', state: now.state, queue_position: now.queue_position });
      if (Date.now() - asked < 1000) await pause(1000); // a server that does not wait is not hammered
    }
  } catch (error) {
    if (signal.aborted) return;
    to.failed(error instanceof Problem ? error : unreachable());
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

// --- tokens

export const getTokens = async (): Promise<Token[]> => (await read<{ tokens: Token[] }>('/tokens')).tokens;

export const createToken = (name: string, scopes: Scope[]): Promise<{ token: Token; secret: string }> =>
  read('/tokens', post({ name, scopes }));

export const revokeToken = async (id: string): Promise<void> => {
  await ask(`/tokens/${part(id)}`, { method: 'DELETE' });
};
