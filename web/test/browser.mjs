// A real Chromium, and what all browser tests do with it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const CANDIDATES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Where screenshots go; unset: none are taken. */
const SHOTS = process.env.SHOTS;

export async function openBrowser() {
  const executablePath = CANDIDATES.find((path) => path && existsSync(path));
  assert.ok(executablePath, 'no Chromium here: install the package "chromium", or name one in $CHROMIUM');
  return chromium.launch({
    executablePath,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ...['--headless', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
}

export async function openContext(browser, baseURL, options = {}) {
  const context = await browser.newContext({ baseURL, viewport: { width: 1400, height: 1000 }, ...options });
  context.setDefaultTimeout(20_000); // on a busy machine a click takes seconds
  return context;
}

/** A page whose every fault is kept: errors of scripts, refusals by the Content-Security-Policy. */
export async function openPage(context) {
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/the server responded with a status of/.test(message.text()))
      page.faults.push(message.text());
  });
  return page;
}

export async function signIn(page, login, password) {
  await page.goto('/');
  await page.getByLabel('Login').fill(login);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Labs', level: 1 }).waitFor();
}

const WCAG_22_AA = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Whether axe has nothing to say, by all rules of WCAG 2.2 A and AA or by some that are named. What it
 *  finds is said with the element that has it. */
export async function assertAccessible(page, runOnly = WCAG_22_AA) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE); // no script element: the policy
  const { violations } = await page.evaluate((rules) => globalThis.axe.run({ runOnly: rules }), runOnly);
  const said = violations.flatMap((v) =>
    v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}\n    ${n.failureSummary}`),
  );
  assert.deepEqual(said, [], `accessibility of ${page.url()}`);
}

export async function assertFitsWidth(page) {
  const [wide, shown] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(wide <= shown, `${page.url()} is ${wide} px wide in a window of ${shown} px`);
}

export async function shoot(page, name, options = {}) {
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}.png`), ...options });
}
