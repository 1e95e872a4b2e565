// The whole way, in a real Chromium, with the real server and the real grader:
//   node test/e2e.mjs http://127.0.0.1:8080            against a demo that is already served
//   node test/e2e.mjs ../build/dev/bin/graded          starts one on a free port, and ends it
// SHOTS=DIR keeps pictures. The demo's people and the solution of lab 3.2 are the server's and the
// lab's own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { assertAccessible, openBrowser, openContext, openPage, shoot, signIn } from './browser.mjs';

const LEARNER = { login: 'ada', password: 'demo-only-ada' };
const LAB = fileURLToPath(new URL('../../labs/module-3/lab-3.2-ggml-formats/', import.meta.url));
const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const GRADING_MS = 120_000; // a busy machine is slow, not broken

const target = process.argv[2] ?? process.env.GRADED_URL;
if (target === undefined) {
  console.error('usage: node test/e2e.mjs URL-OF-A-DEMO | PATH-OF-GRADED');
  process.exit(2);
}
const server = /^https?:/.test(target)
  ? { url: target, stop: async () => {} }
  : await startDemo(resolve(target));
const browser = await openBrowser();
let passed = 0;
let failure = null;
try {
  await walk(await openPage(await openContext(browser, server.url)));
} catch (error) {
  failure = error;
} finally {
  await browser.close();
  await server.stop();
}
if (failure !== null) console.error(failure);
console.log(`${passed} passed, ${failure === null ? 0 : 1} failed`);
process.exitCode = failure === null ? 0 : 1;

async function step(what, body) {
  await body();
  passed += 1;
  console.log(`ok  ${what}`);
}

async function walk(page) {
  const hero = page.locator('.hero');
  const submit = page.getByRole('button', { name: 'Submit', exact: true });
  const editor = page.getByRole('textbox', { name: 'Your formats.c' });

  await step('ada signs in and sees the labs', async () => {
    await signIn(page, LEARNER.login, LEARNER.password);
    await page
      .getByRole('link', { name: /^3\.2 / })
      .first()
      .waitFor();
    await shoot(page, 'e2e-labs');
  });

  await step('lab 3.2 shows its handout, points and limits', async () => {
    await page
      .getByRole('table')
      .getByRole('link', { name: /^3\.2 / })
      .click();
    await page.getByRole('heading', { name: 'Your task' }).waitFor();
    await page.getByRole('complementary').getByText('CPU per case').waitFor();
    await assertAccessible(page);
    await shoot(page, 'e2e-lab', { fullPage: true });
  });

  await step('the starter is submitted and its steps are seen live', async () => {
    await page.getByRole('link', { name: 'Solution', exact: true }).click();
    await editor.waitFor();
    await page.evaluate(recordSteps);
    await submit.click();
    await page.waitForFunction(() => window.stepsSeen > 0, null, { timeout: GRADING_MS });
  });

  await step('the result is a low score with a failing case, side by side', async () => {
    await hero.waitFor({ timeout: GRADING_MS });
    const score = Number(await page.locator('.hero-points strong').textContent());
    assert.ok(score > 0 && score <= 25, `the starter scored ${score}`);
    await page.getByRole('heading', { name: 'First failing case' }).waitFor();
    await page.locator('.failure').getByText(/^grade run 3\.2 formats\.c --seed \d+ --case /).waitFor();
    await page.getByText(/^grade run 3\.2 formats\.c --seed \d+$/).waitFor();
    await page.getByText('Your attempts').waitFor();
    await assertAccessible(page);
    await shoot(page, 'e2e-starter', { fullPage: true });
  });

  await step('one mistake is found where it is, with a hint', async () => {
    await send(page, readFileSync(join(LAB, 'mutants/absolute-maximum.c')), submit);
    await hero.waitFor({ timeout: GRADING_MS });
    const failing = page.locator('.failure');
    await failing.getByText('q-legacy', { exact: true }).waitFor();
    await failing.locator('mark').first().waitFor();
    await failing.getByText('Hint').waitFor();
    await page.getByText('Your attempts').waitFor();
    await shoot(page, 'result-page'); // docs/result-page.png
    await shoot(page, 'e2e-mutant', { fullPage: true });
  });

  await step('the solution scores 100', async () => {
    await send(page, readFileSync(join(LAB, 'solution/formats.c')), submit);
    await hero.waitFor({ timeout: GRADING_MS });
    await hero.getByText('Accepted').waitFor();
    assert.equal(await page.locator('.hero-points strong').textContent(), '100');
    await page.getByText('your best so far').waitFor();
    await shoot(page, 'e2e-solution', { fullPage: true });
  });

  await step('a source that does not compile shows the error on its line', async () => {
    await send(page, Buffer.from('#include "lab.h"\nint broken(void) { return 1 }\n'), submit);
    await hero.waitFor({ timeout: GRADING_MS });
    await hero.getByText('Compile error').waitFor();
    await page.locator('#L2 .note-error').waitFor();
    await shoot(page, 'e2e-compile-error', { fullPage: true });
  });

  await step('the labs list says passed, with the best score', async () => {
    await page.goto('/labs');
    await page.getByRole('row').filter({ hasText: '3.2' }).getByText('Passed').waitFor();
    await page.getByRole('link', { name: 'Best: 100 of 100 points' }).waitFor();
  });

  await step('a token is made for curl, and the session ends', async () => {
    await page.goto('/tokens');
    await page.getByLabel('Name').fill('e2e');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('region', { name: 'curl line' }).getByText('Bearer grd_').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  assert.deepEqual(page.faults, [], 'the browser had nothing to complain of');
}

// Runs in the page. The steps of a quick grading come and go between two looks from outside.
function recordSteps() {
  window.stepsSeen = 0;
  new MutationObserver(() => {
    window.stepsSeen = Math.max(window.stepsSeen, document.querySelectorAll('.step-done').length);
  }).observe(document.body, { childList: true, subtree: true, attributes: true });
}

async function send(page, buffer, submit) {
  await page.goto('/labs/ggml-formats/solution');
  await page.getByLabel('Open file').setInputFiles({ name: 'formats.c', mimeType: 'text/x-c', buffer });
  await page.getByText('formats.c is in the editor, not sent yet').waitFor();
  await submit.click();
}

async function startDemo(program) {
  const data = mkdtempSync(join(tmpdir(), 'graded-e2e-'));
  const child = spawn(program, ['demo', '--data', data, '--port', '0', '--web', DIST], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise((done, fail) => {
    child.once('exit', (status) => fail(new Error(`graded demo ended with ${status}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(line);
      if (found) done(found[0]);
    });
  });
  const stop = async () => {
    child.removeAllListeners('exit');
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await gone;
    rmSync(data, { recursive: true, force: true });
  };
  return { url, stop };
}
