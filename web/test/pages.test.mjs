// Every page in a real Chromium, against the mock. Run by `npm run browser`, after `npm run build`.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { assertAccessible, assertFitsWidth, openBrowser, openContext, openPage } from './browser.mjs';
import { PASSWORD, starter, user } from './fixtures.mjs';
import { startMock } from './mock.mjs';

let browser, context, mock;

before(async () => {
  mock = await startMock();
  browser = await openBrowser();
  context = await openContext(browser, mock.url);
});

beforeEach(async () => {
  Object.assign(mock.world, {
    ...{ role: 'learner', stepMs: 20, stream: true, breakAfter: Infinity },
    pauseBefore: () => undefined,
  });
  await context.clearCookies();
});

after(async () => {
  await browser?.close();
  await mock?.stop();
});

/** Runs `body` on a page of its own, and fails when the page said that something is wrong. */
async function withPage(body, { signedIn = true } = {}) {
  if (signedIn) await context.addCookies([{ ...mock.session, url: mock.url }]);
  const page = await openPage(context);
  try {
    await body(page);
    assert.deepEqual(page.faults, []);
    await page.evaluate(() => localStorage.clear());
  } finally {
    await page.close();
  }
}

const editor = (page) => page.getByRole('textbox', { name: 'Your formats.c' });
const submitButton = (page) => page.getByRole('button', { name: 'Submit', exact: true });
const verdict = (page) => page.locator('.hero-verdict');

async function openSolution(page) {
  await page.goto('/labs/ggml-formats/solution');
  await editor(page).waitFor();
}

async function typeAtTheEnd(page, text) {
  await editor(page).click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type(text);
}

describe('signing in and out', () => {
  test('a wrong password is said and leads nowhere', () =>
    withPage(
      async (page) => {
        await page.goto('/');
        await page.getByLabel('Login').fill('ada');
        await page.getByLabel('Password').fill('wrong');
        await page.keyboard.press('Enter');
        await page.getByRole('alert').getByText('Login or password is wrong.').waitFor();
        await assertAccessible(page);
      },
      { signedIn: false },
    ));

  test('the address that one came for is shown after signing in', () =>
    withPage(
      async (page) => {
        await page.goto('/tokens');
        await page.getByLabel('Login').fill(user.login);
        await page.getByLabel('Password').fill(PASSWORD);
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: 'Tokens', level: 1 }).waitFor();
      },
      { signedIn: false },
    ));

  test('signing out forgets who one was', () =>
    withPage(async (page) => {
      await page.goto('/labs');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    }));

  test('a session that ended elsewhere leads to the sign-in form, at the same address', () =>
    withPage(async (page) => {
      await page.goto('/labs');
      await page.getByRole('heading', { name: 'Labs', level: 1 }).waitFor();
      await page.context().clearCookies();
      await page.getByRole('link', { name: 'Tokens' }).click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      assert.equal(new URL(page.url()).pathname, '/tokens');
    }));
});

const PAGES = {
  '/labs': 'Labs',
  '/labs/ggml-formats': '3.2 Format comparison',
  '/labs/ggml-formats/solution': '3.2 Format comparison',
  '/labs/ggml-formats/attempts': '3.2 Format comparison',
  '/submissions/01JPARTIAL': '3.2 Format comparison',
  '/submissions/01JHIDDEN': '3.2 Format comparison',
  '/submissions/01JRUNTIME': '3.2 Format comparison',
  '/submissions/01JCRASH': '3.2 Format comparison',
  '/submissions/01JCOMPILE': '3.2 Format comparison',
  '/submissions/01JACCEPTED': '1.3 A roofline',
  '/submissions/01JSPEED': '3.3 A Q4_0 x Q8_0',
  '/tokens': 'Tokens',
  '/nowhere': 'Not found',
  '/labs/nothing': 'Not found',
  '/submissions/01JNOTHING': 'Not found',
};
/** Each look, and the rules that it can break where the one before it did not. */
const LOOKS = [
  { take: (page) => page.emulateMedia({ colorScheme: 'light' }) },
  { take: (page) => page.emulateMedia({ colorScheme: 'dark' }), rules: ['color-contrast'] },
  {
    take: (page) => page.setViewportSize({ width: 360, height: 740 }),
    rules: ['color-contrast', 'target-size', 'scrollable-region-focusable'],
  },
];

describe('in the light, in the dark and at 360 pixels, accessible and within the window is', () => {
  for (const [path, title] of Object.entries(PAGES))
    test(path, () =>
      withPage(async (page) => {
        await page.goto(path);
        await page.getByRole('heading', { level: 1, name: title }).waitFor();
        await page.waitForLoadState('networkidle');
        for (const { take, rules } of LOOKS) {
          await take(page);
          await assertAccessible(page, rules);
          await assertFitsWidth(page);
        }
      }),
    );
});

describe('labs', () => {
  test('each lab shows its own status, attempts and best score', () =>
    withPage(async (page) => {
      await page.goto('/labs');
      const row = page.getByRole('row').filter({ hasText: 'A byte-pair tokenizer' });
      await row.getByText('Started').waitFor();
      await row.getByRole('link', { name: '3', exact: true }).waitFor();
      await row.getByRole('link', { name: 'Best: 41 of 100 points' }).waitFor();
    }));

  test('a lab says its limits and its hidden points before one submits', () =>
    withPage(async (page) => {
      await openSolution(page);
      await page.getByText('Limits: 2 s CPU per case, 20 s per group, 256 MiB memory').waitFor();
      await page.getByText('6 hidden groups, 75 points').waitFor();
    }));

  test('a provided file is downloaded by its name', () =>
    withPage(async (page) => {
      await page.goto('/labs/ggml-formats');
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('complementary').getByRole('link', { name: 'starter/formats.c' }).click(),
      ]);
      assert.equal(download.suggestedFilename(), 'formats.c');
    }));

  test('all attempts are listed, over all pages of the list', () =>
    withPage(async (page) => {
      await page.goto('/labs/ggml-formats/attempts');
      const oldest = page.getByRole('row').filter({ hasText: 'Compile error' });
      await oldest.getByRole('link', { name: '#1', exact: true }).waitFor();
    }));

  test('back and forward walk through the pages', () =>
    withPage(async (page) => {
      await page.goto('/labs');
      await page.getByRole('link', { name: '3.2 Format comparison' }).last().click();
      await page.getByRole('heading', { name: 'What to write' }).waitFor();
      await page.goBack();
      await page.getByRole('heading', { name: 'Labs', level: 1 }).waitFor();
      await page.goForward();
      await page.getByRole('heading', { name: 'What to write' }).waitFor();
    }));
});

describe('a lab with a fault of its own', () => {
  test('is marked in the list with what that means, and is nothing to start with', () =>
    withPage(async (page) => {
      await page.goto('/labs');
      const row = page.getByRole('row').filter({ hasText: 'A sampler that can be repeated' });
      await row.getByText('Unavailable', { exact: true }).waitFor();
      await row.getByText('takes no submissions until its authors have mended it').waitFor();
      assert.equal(await page.locator('.up-next').getByText('A sampler').count(), 0);
      await assertAccessible(page);
    }));

  test('says on its page what a learner can do, offers no way to submit, and keeps the attempts', () =>
    withPage(async (page) => {
      for (const tab of ['', '/solution', '/attempts']) {
        await page.goto(`/labs/sampler${tab}`);
        await page.getByRole('heading', { name: 'This lab is unavailable', level: 1 }).waitFor();
        await page.getByText('something is wrong with the lab itself').waitFor();
        await page.getByText('Tell whoever runs the course, and go on with another lab.').waitFor();
        await page.getByRole('region', { name: 'Your attempts' }).getByRole('link', { name: '#1' }).waitFor();
        assert.equal(await page.getByRole('button', { name: 'Submit' }).count(), 0);
        assert.equal(await page.getByRole('link', { name: 'Write the solution' }).count(), 0);
        await assertAccessible(page);
        await assertFitsWidth(page);
      }
    }));

  test('tells staff what is wrong with it and how to mend it', () =>
    withPage(async (page) => {
      mock.world.role = 'instructor';
      await page.goto('/labs');
      const row = page.getByRole('row').filter({ hasText: 'A sampler that can be repeated' });
      await row.getByText("its proof failed: solution: earns 5 of 10 in 'top-k'").waitFor();
      await row.getByRole('link', { name: '2.5' }).click();
      await page.getByText('lab 2.5: its proof failed').waitFor();
      await page.getByText('Mend the lab, then run grade test on it.').waitFor();
    }));
});

describe('the solution', () => {
  test('the editor starts with the starter, keeps a draft over a reload, and resets', () =>
    withPage(async (page) => {
      await openSolution(page);
      await editor(page).getByText('This starter does F32').waitFor();
      await typeAtTheEnd(page, '// my draft');
      await page.getByText('Draft saved').waitFor();
      await page.reload();
      await page.keyboard.press('Control+End');
      await page.getByText('Your draft').waitFor();
      await editor(page).click();
      await page.keyboard.press('Control+End');
      await editor(page).getByText('// my draft').waitFor();
      page.once('dialog', (dialog) => dialog.accept());
      await page.getByRole('button', { name: 'Reset' }).click();
      await page.getByText('formats.c is the starter again').waitFor();
      assert.equal(await editor(page).getByText('// my draft').count(), 0);
    }));

  test('a picked file opens in the editor, whatever its name', () =>
    withPage(async (page) => {
      await openSolution(page);
      const file = { name: 'other.c', mimeType: 'text/x-c', buffer: Buffer.from('int picked;\n') };
      await page.getByLabel('Open file').setInputFiles(file);
      await editor(page).getByText('int picked;').waitFor();
      await page.getByText('other.c is in the editor, not sent yet').waitFor();
    }));

  test('a file over the limit is refused before it is sent', () =>
    withPage(async (page) => {
      await openSolution(page);
      const file = { name: 'formats.c', mimeType: 'text/x-c', buffer: Buffer.alloc(262145, 32) };
      await page.getByLabel('Open file').setInputFiles(file);
      await page.getByText('the limit is 256 KiB').waitFor();
      await editor(page).getByText('This starter does F32').waitFor();
    }));

  test('a dropped file opens in the editor', () =>
    withPage(async (page) => {
      await openSolution(page);
      const data = await page.evaluateHandle(() => {
        const transfer = new DataTransfer();
        transfer.items.add(new File(['int dropped;\n'], 'formats.c'));
        return transfer;
      });
      await page.dispatchEvent('.editor', 'dragover', { dataTransfer: data });
      await page.getByText('Drop to open in the editor').waitFor();
      await page.dispatchEvent('.editor', 'drop', { dataTransfer: data });
      await editor(page).getByText('int dropped;').waitFor();
    }));

  test('what the server refuses is said, and the draft stays', () =>
    withPage(async (page) => {
      await openSolution(page);
      await typeAtTheEnd(page, '// too large for the mock');
      await submitButton(page).click();
      await page.getByRole('alert').getByText('larger than 256 KiB').waitFor();
      await editor(page).getByText('// too large for the mock').waitFor();
    }));
});

/** Holds the mock's grading before the first event that `is` what the test wants to look at, so that no
 *  test depends on how fast the machine is. Returns what lets it go on. */
function holdBefore(is) {
  let go;
  const gone = new Promise((done) => (go = done));
  const before = mock.world.pauseBefore;
  mock.world.pauseBefore = (event) => (is(event) ? gone : before(event));
  return go;
}

const isFinished = (event) => event.event === 'finished';

describe('a grading, live', () => {
  test('shows the queue, then each step, then the result, and nothing moves meanwhile', () =>
    withPage(async (page) => {
      const run = holdBefore((event) => event.state === 'running');
      const finish = holdBefore(isFinished);
      await openSolution(page);
      await submitButton(page).click();
      await page.getByRole('heading', { name: 'Queued, place 1' }).waitFor();
      await assertAccessible(page);
      await page.evaluate(() => {
        globalThis.shift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) globalThis.shift += entry.value;
        }).observe({ type: 'layout-shift', buffered: false });
      });
      run();
      await page.getByRole('heading', { name: 'Grading' }).waitFor();
      const step = page.getByRole('listitem').filter({ hasText: 'dq-legacy' });
      await step.getByText('24 of 24 cases').waitFor();
      await page.getByRole('status').getByText('dequantize Q4_K: 5.13 GB/s').waitFor({ state: 'attached' });
      const shift = await page.evaluate(() => globalThis.shift);
      finish();
      await verdict(page).getByText('Partial').waitFor();
      assert.ok(shift < 0.01, `layout shift of ${shift}`);
    }));

  test('a full solution is accepted', () =>
    withPage(async (page) => {
      await openSolution(page);
      await typeAtTheEnd(page, '// full solution');
      await submitButton(page).click();
      await verdict(page).getByText('Accepted').waitFor();
      await page.getByText('100 / 100').first().waitFor();
    }));

  test('a source that does not compile shows the errors on its lines', () =>
    withPage(async (page) => {
      await openSolution(page);
      await typeAtTheEnd(page, '// does not compile');
      await submitButton(page).click();
      await verdict(page).getByText('Compile error').waitFor();
      await page.locator('#L27').getByText("expected ')'").waitFor();
    }));

  test('the keyboard alone submits', () =>
    withPage(async (page) => {
      await openSolution(page);
      await editor(page).focus();
      await page.keyboard.press('Control+Enter');
      await verdict(page).getByText('Partial').waitFor();
    }));

  test('Escape and Tab lead out of the editor', () =>
    withPage(async (page) => {
      await openSolution(page);
      await editor(page).focus();
      await page.keyboard.press('Escape');
      await page.keyboard.press('Tab');
      assert.equal(await submitButton(page).evaluate((button) => button === document.activeElement), true);
    }));

  test('long polling takes over where streams are refused', () =>
    withPage(async (page) => {
      mock.world.stream = false;
      const finish = holdBefore(isFinished);
      await openSolution(page);
      await submitButton(page).click();
      await page.getByText('Live steps are not available').waitFor();
      finish();
      await verdict(page).getByText('Partial').waitFor();
    }));

  test('a stream that breaks goes on where it was', () =>
    withPage(async (page) => {
      mock.world.breakAfter = 4;
      const finish = holdBefore(isFinished);
      await openSolution(page);
      await submitButton(page).click();
      await page.getByRole('listitem').filter({ hasText: 'hygiene' }).getByText('Runtime error').waitFor();
      assert.equal(await page.getByText('Live steps are not available').count(), 0);
      finish();
      await verdict(page).getByText('Partial').waitFor();
    }));
});

describe('a result', () => {
  test('starts with verdict and score, in the title too', () =>
    withPage(async (page) => {
      await page.goto('/submissions/01JPARTIAL');
      await verdict(page).getByText('Partial').waitFor();
      await page.getByText('Passed (pass mark 70), your best so far').waitFor();
      assert.equal(await page.title(), 'Partial, 72.5/100: 3.2 · graded');
    }));

  test('marks the first difference on both sides and gives the hint', () =>
    withPage(async (page) => {
      await page.goto('/submissions/01JPARTIAL');
      await page.getByRole('region', { name: 'Expected' }).locator('mark').getByText('b0').waitFor();
      await page.getByRole('region', { name: 'Actual' }).locator('mark').getByText('30').waitFor();
      await page.getByText('First difference: line 1, column 4.').waitFor();
      await page.getByText('the first one decides the sign of d').waitFor();
    }));

  test('announces hidden groups as a number and shows no case of theirs', () =>
    withPage(async (page) => {
      await page.goto('/submissions/01JHIDDEN');
      await page.getByText('3 of 6 hidden groups full').waitFor();
      assert.equal(await page.getByText('First failing case').count(), 0);
    }));

  test('puts warnings and sanitizer findings on the lines of the source', () =>
    withPage(async (page) => {
      await page.goto('/submissions/01JPARTIAL');
      await page.locator('#L28').getByText('unused variable').waitFor();
      await page.locator('#L29').getByText('stack-buffer-overflow').waitFor();
      await page.getByRole('button', { name: 'All 38 lines' }).click();
      await page.locator('#L1').waitFor();
    }));

  test('shows speed against par with tiers and the next one', () =>
    withPage(async (page) => {
      await page.goto('/submissions/01JSPEED');
      await page
        .getByRole('img', { name: 'Ratio 0.83 on a scale to 1.25; par at 1, bronze at 0.4' })
        .waitFor();
      await page
        .getByText('83.2 % of par, interval 79 % to 87.4 %, 31 pairs, 3 more discarded. Next: gold from 90 %')
        .waitFor();
      await page.getByText('in doubt the better tier counts').waitFor();
      await page.getByText("63 % of this core's 29.4 GB/s from memory: memory bound.").waitFor();
    }));

  test('gives the line that repeats it offline', () =>
    withPage(async (page) => {
      await page.goto('/submissions/01JPARTIAL');
      await page
        .getByText('grade run 3.2 formats.c --seed 7035546216093921', { exact: true })
        .waitFor();
    }));

  test('gives the command that shows the failing case alone, and what it was called with', () =>
    withPage(async (page) => {
      await page.goto('/submissions/01JPARTIAL');
      const failing = page.locator('.failure');
      await failing.getByText('--case q-legacy:3').waitFor();
      await failing.getByText('found as: Q4_0, 12 blocks of integers').waitFor();
      await failing.getByText('Arguments of the call').click();
      await failing.getByText('384 bytes in').waitFor();
    }));

  test('tells where a crash was, on the line too', () =>
    withPage(async (page) => {
      await page.goto('/submissions/01JCRASH');
      const failing = page.locator('.failure');
      await failing.getByText('a read of NULL+8').first().waitFor();
      await failing.getByRole('list', { name: 'Where it crashed' }).getByText('formats.c:29').waitFor();
      await page.locator('#L29 .note-error').getByText('crash').waitFor();
    }));

  test('what a stranger wrote is text', () =>
    withPage(async (page) => {
      await page.goto('/submissions/01JRUNTIME');
      await page.getByText('signal 11 at <img src=x onerror=alert(1)>').waitFor();
      await page.getByText('Weaker here than elsewhere: cgroup').waitFor();
    }));
});

describe('tokens', () => {
  test('a new token is shown once, with a curl line, and can be revoked', () =>
    withPage(async (page) => {
      await page.goto('/tokens');
      await page.getByLabel('Name').fill('ci');
      await page.getByRole('checkbox', { name: 'read' }).uncheck();
      await page.getByRole('button', { name: 'Create' }).click();
      await page.getByRole('region', { name: 'curl line' }).getByText('Bearer grd_').waitFor();
      await assertAccessible(page);
      await page.reload();
      await page.getByRole('row').filter({ hasText: 'ci' }).waitFor();
      assert.equal(await page.getByText('grd_').count(), 0);
      page.once('dialog', (dialog) => dialog.accept());
      await page.getByRole('button', { name: 'Revoke ci' }).click();
      await page.getByRole('row').filter({ hasText: 'ci' }).waitFor({ state: 'detached' });
    }));

  test('a token without scopes is refused with the reason', () =>
    withPage(async (page) => {
      await page.goto('/tokens');
      await page.getByLabel('Name').fill('nothing');
      for (const scope of ['submit', 'read']) await page.getByRole('checkbox', { name: scope }).uncheck();
      await page.getByRole('button', { name: 'Create' }).click();
      await page.getByRole('alert').getByText('/scopes').waitFor();
    }));
});

test('the first Tab reaches the skip link, and it leads to the content', () =>
  withPage(async (page) => {
    await page.goto('/tokens');
    await page.getByRole('heading', { name: 'Tokens', level: 1 }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
  }));

test('the starter of the mock is what the editor tests expect', () => {
  assert.equal(starter.trimEnd().split('\n').length, 38);
});
