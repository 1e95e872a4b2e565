// A stand-in for graded's HTTP API, for fast browser tests and for work on the pages alone:
//   node test/mock.mjs [port]
// Same shapes, same status codes, same headers that matter to a browser; no grading, no storage.
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fixtures from './fixtures.mjs';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
// As strict as the server's: a page that needs more fails here first.
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** `world` may be changed while it runs: role of who is signed in, stepMs between events, stream: false refuses server-sent events,
 *  breakAfter: N cuts each connection after N of them; pauseBefore(event) may hold one back. */
export async function startMock({ port = 0, stepMs = 60 } = {}) {
  const world = {
    role: fixtures.user.role,
    stepMs,
    stream: true,
    breakAfter: Infinity,
    pauseBefore: () => undefined,
    submissions: new Map(fixtures.finished.map((s) => [s.id, s])),
    sources: new Map(),
    running: new Map(),
    tokens: [
      {
        id: '01JTOKEN',
        name: 'laptop',
        scopes: ['submit', 'read'],
        created_at: '2026-10-02T08:00:00Z',
        last_used_at: null,
      },
    ],
  };
  const server = createServer((request, response) => {
    answer(world, request, response).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  return {
    session: { name: 'session', value: 'mock' },
    url: `http://127.0.0.1:${server.address().port}`,
    world,
    stop: () => new Promise((done) => (server.closeAllConnections(), server.close(done))),
  };
}

async function answer(world, request, response) {
  const url = new URL(request.url, 'http://mock');
  if (!url.pathname.startsWith('/api/v1/')) return sendStatic(url.pathname, response);
  const path = url.pathname.slice('/api/v1'.length);
  const body = await bodyOf(request);
  if (request.method === 'POST' && path === '/sessions') return signIn(body, response);
  if (!/\bsession=mock\b/.test(request.headers.cookie ?? '')) return problem(response, 401, 'Sign in first');
  for (const [method, pattern, handler] of ROUTES) {
    const match = request.method === method ? pattern.exec(path) : null;
    if (match)
      return handler({ world, request, response, url, body, args: match.slice(1).map(decodeURIComponent) });
  }
  problem(response, 404, 'There is no such thing');
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function json(response, status, value, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value));
}

function problem(response, status, detail, more = {}) {
  const body = { type: 'about:blank', title: 'Refused', status, detail, request_id: '01JREQ', ...more };
  response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify(body));
}

function sendStatic(path, response) {
  let file = join(DIST, normalize(path));
  if (path === '/' || !existsSync(file)) {
    if (path.includes('.')) return problem(response, 404, 'No such file');
    file = join(DIST, 'index.html');
  }
  response.writeHead(200, {
    'Content-Type': TYPES[extname(file)] ?? 'text/plain',
    'Content-Security-Policy': CSP,
    ...cacheOf(path),
  });
  createReadStream(file).pipe(response);
}

/** Names of built files hold a hash of what is in them. */
const cacheOf = (path) =>
  path.startsWith('/assets/') ? { 'Cache-Control': 'max-age=31536000, immutable' } : {};

function signIn(body, response) {
  const { login, password } = JSON.parse(body);
  if (login !== fixtures.user.login || password !== fixtures.PASSWORD)
    return problem(response, 401, 'Login or password is wrong.');
  json(
    response,
    201,
    { user: fixtures.user },
    { 'Set-Cookie': 'session=mock; HttpOnly; SameSite=Strict; Path=/' },
  );
}

const ALL_LABS = [...fixtures.labs, fixtures.unavailable];
const findLab = (id) => ALL_LABS.find((lab) => lab.id === id || lab.slug === id);
const isStaff = (world) => world.role !== 'learner';

/** Staff read in the list what is wrong with a lab. */
const modulesFor = (world) =>
  fixtures.modules.map((m) => ({
    ...m,
    labs: m.labs.map((lab) =>
      lab.available || !isStaff(world) ? lab : { ...lab, unavailable_reason: fixtures.WHY_UNAVAILABLE.staff },
    ),
  }));

function refuseLab(world, response, lab) {
  const why = fixtures.WHY_UNAVAILABLE[isStaff(world) ? 'staff' : 'learner'];
  problem(response, 503, `lab ${lab.id}: ${why}`, {
    type: '/problems/lab-unavailable',
    title: 'The lab is unavailable',
  });
}
const withoutReport = ({ report, ...rest }) => rest;

const ROUTES = [
  [
    'DELETE',
    /^\/sessions\/current$/,
    ({ response }) => response.writeHead(204, { 'Set-Cookie': 'session=; Max-Age=0; Path=/' }).end(),
  ],
  [
    'GET',
    /^\/me$/,
    ({ world, response }) => json(response, 200, { user: { ...fixtures.user, role: world.role }, cohorts: [] }),
  ],
  ['GET', /^\/modules$/, ({ world, response }) => json(response, 200, { modules: modulesFor(world) })],
  [
    'GET',
    /^\/labs\/([^/]+)$/,
    ({ world, response, args: [id] }) => {
      const lab = findLab(id);
      if (!lab) problem(response, 404, 'There is no such lab');
      else if (!lab.available) refuseLab(world, response, lab);
      else json(response, 200, lab);
    },
  ],
  [
    'GET',
    /^\/labs\/([^/]+)\/files\/(.+)$/,
    ({ response }) => response.writeHead(200, { 'Content-Type': 'text/x-c' }).end(fixtures.starter),
  ],
  [
    'GET',
    /^\/labs\/([^/]+)\/submissions$/,
    ({ world, response, url, args: [id] }) => {
      const own = [...world.submissions.values()].filter((s) => s.lab === findLab(id).id).map(withoutReport);
      own.sort((a, b) => b.created_at.localeCompare(a.created_at));
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const next = from + 2 < own.length ? String(from + 2) : null; // short pages, so that they are followed
      json(response, 200, { submissions: own.slice(from, from + 2), next });
    },
  ],
  ['POST', /^\/labs\/([^/]+)\/submissions$/, createSubmission],
  ['GET', /^\/submissions\/([^/]+)$/, readSubmission],
  [
    'GET',
    /^\/submissions\/([^/]+)\/files\/(.+)$/,
    ({ world, response, args: [id] }) =>
      response.writeHead(200, { 'Content-Type': 'text/x-c' }).end(world.sources.get(id) ?? fixtures.starter),
  ],
  ['GET', /^\/submissions\/([^/]+)\/events$/, streamEvents],
  ['GET', /^\/tokens$/, ({ world, response }) => json(response, 200, { tokens: world.tokens })],
  [
    'POST',
    /^\/tokens$/,
    ({ world, response, body }) => {
      const { name, scopes } = JSON.parse(body);
      if (scopes.length === 0)
        return problem(response, 422, 'A token needs a scope', {
          errors: [{ pointer: '/scopes', detail: 'is empty' }],
        });
      const token = {
        id: `01JT${world.tokens.length}`,
        name,
        scopes,
        created_at: new Date().toISOString(),
        last_used_at: null,
      };
      world.tokens.unshift(token);
      json(response, 201, { token, secret: 'grd_4Qm1xv7T0sJrW8hYbC2nLkPd6fZaVgEu' });
    },
  ],
  [
    'DELETE',
    /^\/tokens\/([^/]+)$/,
    ({ world, response, args: [id] }) => {
      world.tokens = world.tokens.filter((t) => t.id !== id);
      response.writeHead(204).end();
    },
  ],
];

// --- a submission that is "graded": its events happen one by one

function createSubmission({ world, request, response, body, args: [id] }) {
  if (!request.headers['idempotency-key']) return problem(response, 400, 'No Idempotency-Key');
  if (!request.headers['content-type'].startsWith('multipart/form-data'))
    return problem(response, 415, 'Not multipart');
  if (body.includes('too large for the mock'))
    return problem(response, 413, 'formats.c is larger than 256 KiB.');
  const lab = findLab(id);
  const source = body.slice(body.indexOf('\r\n\r\n') + 4, body.lastIndexOf('\r\n--'));
  const report = fixtures.reportFor(source);
  const submission = {
    ...fixtures.submissionOf(`01JLIVE${world.submissions.size}`, lab, report),
    created_at: new Date().toISOString(),
    ...{ state: 'queued', queue_position: 2, verdict: null, score: null, pass: null, report: null },
    ...{ started_at: null, finished_at: null },
  };
  world.submissions.set(submission.id, submission);
  world.sources.set(submission.id, source);
  world.running.set(submission.id, grade(world, submission, report));
  json(response, 202, withoutReport(submission), { Location: `/api/v1/submissions/${submission.id}` });
}

function grade(world, submission, report) {
  const job = { sent: [], listeners: new Set(), ended: null };
  const say = (event) => {
    job.sent.push(event);
    for (const listener of job.listeners) listener();
  };
  const queue = [2, 1].map((place) => ({ event: 'state', state: 'queued', queue_position: place }));
  const all = [
    ...queue,
    { event: 'state', state: 'running', queue_position: null },
    ...fixtures.eventsOf(report),
  ];
  job.ended = (async () => {
    for (const event of all) {
      await new Promise((done) => setTimeout(done, world.stepMs));
      await world.pauseBefore(event);
      if (event.event === 'state')
        Object.assign(submission, { state: event.state, queue_position: event.queue_position });
      if (event.event === 'finished') {
        const { verdict, score, pass } = report;
        Object.assign(submission, {
          state: 'finished',
          verdict,
          score,
          pass,
          report,
          finished_at: new Date().toISOString(),
        });
      }
      say(event);
    }
  })();
  return job;
}

async function readSubmission({ world, response, url, args: [id] }) {
  const submission = world.submissions.get(id);
  if (submission === undefined) return problem(response, 404, 'There is no such submission');
  if (url.searchParams.has('wait')) await world.running.get(id)?.ended;
  json(response, 200, submission);
}

function streamEvents({ world, request, response, args: [id] }) {
  const job = world.running.get(id);
  if (!world.stream || job === undefined) return problem(response, 503, 'No stream here');
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write('retry: 50\n\n');
  let next = Number(request.headers['last-event-id'] ?? -1) + 1;
  const cutAt = next + world.breakAfter;
  const flush = () => {
    for (; next < job.sent.length; next++) {
      const { event, ...data } = job.sent[next];
      response.write(`id: ${next}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      if (event === 'finished' || next + 1 >= cutAt) return response.end();
    }
  };
  job.listeners.add(flush);
  request.on('close', () => job.listeners.delete(flush));
  flush();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await startMock({ port: Number(process.argv[2] ?? 0), stepMs: 400 });
  console.log(`${mock.url}  (login ${fixtures.user.login}, password ${fixtures.PASSWORD})`);
}
