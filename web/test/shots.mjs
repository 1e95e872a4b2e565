// Pictures of every page against the mock, light, dark and narrow, to look at while designing:
//   SHOTS=DIR npm run shots
import { mkdirSync } from 'node:fs';
import { PASSWORD, user } from './fixtures.mjs';
import { openBrowser, openContext, openPage, shoot, signIn } from './browser.mjs';
import { startMock } from './mock.mjs';

mkdirSync(process.env.SHOTS ?? (process.env.SHOTS = 'shots'), { recursive: true });
const PAGES = {
  labs: '/labs',
  lab: '/labs/ggml-formats',
  solution: '/labs/ggml-formats/solution',
  attempts: '/labs/ggml-formats/attempts',
  partial: '/submissions/01JPARTIAL',
  hidden: '/submissions/01JHIDDEN',
  runtime: '/submissions/01JRUNTIME',
  compile: '/submissions/01JCOMPILE',
  accepted: '/submissions/01JACCEPTED',
  speed: '/submissions/01JSPEED',
  tokens: '/tokens',
  missing: '/nowhere',
};
const LOOKS = {
  light: {},
  dark: { colorScheme: 'dark' },
  narrow: { viewport: { width: 360, height: 740 } },
};

const mock = await startMock({ stepMs: 250 });
const browser = await openBrowser();
for (const [look, options] of Object.entries(LOOKS)) {
  const page = await openPage(await openContext(browser, mock.url, options));
  await page.goto('/');
  await page.getByLabel('Login').waitFor();
  await shoot(page, `${look}-sign-in`);
  await signIn(page, user.login, PASSWORD);
  for (const [name, path] of Object.entries(PAGES)) {
    await page.goto(path);
    await page.waitForLoadState('networkidle');
    await shoot(page, `${look}-${name}`, { fullPage: true });
  }
  await page.goto('/labs/ggml-formats/solution');
  await page.getByRole('button', { name: 'Submit', exact: true }).click();
  await page.getByText('15 / 15').first().waitFor();
  await shoot(page, `${look}-live`, { fullPage: true });
  await page.context().close();
}
await browser.close();
await mock.stop();
