// SPDX-License-Identifier: Apache-2.0
// The console of a real server with real hosts, as test_console.py runs it. What is to happen on hosts is asked for on
// standard output ("ASK drift") and answered by a line on standard input.
import { createInterface } from 'node:readline';
import { Browser, tell, wide } from './browser.mjs';

const { CONSOLE_URL, CONSOLE_TOKEN, CONSOLE_PICTURES } = process.env;
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ask(what) {
  console.log(`ASK ${what}`);
  return (await answers.next()).value;
}

async function visitAll(browser) {
  const script = encodeURIComponent('file:/srv/<script>alert(1)</script>');
  for (const [name, place, text] of [
    ['fleet', 'fleet?group=labels.role', 'web1'],
    ['fleet-table', 'fleet?view=table', 'role=web'],
    ['host', 'hosts/web1', 'file:/etc/motd'],
    ['host-script', `hosts/web1?r=${script}`, '<script>alert(1)</script>'],
    ['host-timeline', 'hosts/web1/timeline?span=1h', 'file:/srv/app'],
    ['host-drift', 'hosts/web1/drift', 'file:/srv/app'],
    ['host-runs', 'hosts/web1/runs', 'Resources'],
    ['host-facts', 'hosts/web1/facts', 'os.id'],
    ['drift', 'drift?since=1h', 'file:/srv/app'],
    ['runs', 'runs?since=1d', 'web1'],
    ['revisions', 'revisions', 'the first'],
    ['revision', 'revisions/r2', 'recipes/app.lua'],
    ['filtered', `fleet?view=table&filter=${encodeURIComponent('labels.role == "db"')}`, 'db1'],
    ['wrong-filter', `fleet?filter=${encodeURIComponent('nonsense == 1')}`, 'column 1'],
    ['host-then', `hosts/web1?at=${new Date(Date.now() - 1000).toISOString()}`, 'Back to now'],
    ['drift-then', `drift?at=${new Date(Date.now() - 1000).toISOString()}`, 'Back to now'],
    ['fleet-then', `fleet?view=table&at=${new Date(Date.now() - 1000).toISOString()}`, 'Last run'],
    ['no-host', 'hosts/nobody', 'There is no such thing'],
  ]) {
    await browser.go(place);
    if (name === 'fleet') await browser.page.locator('.tile').first().waitFor();
    else await browser.shows(name, text);
    await browser.everyWay(name);
  }
}

async function details(browser) {
  const { page } = browser;
  await browser.go('revisions/r2');
  await page.locator('.file-line', { hasText: 'recipes/app.lua' }).first().click();
  await page.locator('.line.added').first().waitFor();
  browser.check('a revision shows what changed in a file', true);
  await browser.picture('revision-diff');
  await browser.go('runs?since=1d');
  await page.locator('tbody tr:not(.space) td a').first().click();
  await browser.shows('a run is shown by itself', 'What it found and did');
  await browser.everyWay('run');
  await browser.go('hosts/web1');
  await page.getByRole('button', { name: 'file:/etc/motd' }).press('Enter');
  await browser.shows('a resource opens by keyboard', 'Declared at');
}

// A drift that happens now is on the page within a second or so of the server knowing, without a reload.
async function live(browser) {
  const { page } = browser;
  await browser.go('drift');
  await page.locator('.live.is-live').waitFor();
  await browser.shows('nothing drifts yet', 'Nothing drifts');
  await ask('drift');
  const began = Date.now();
  await browser.shows('a drift appears by itself', 'file:/etc/motd', 5_000);
  console.log(`        on the page ${Date.now() - began} ms after it was known to be on the server`);
  await browser.everyWay('drift-now');
  await page.locator('.group summary').first().click();
  await browser.shows('it opens to before and after', 'by hand');
  await browser.picture('drift-open');
  await browser.accessible('drift-open');
  await browser.go('fleet?group=labels.role');
  await page.locator('.tile.is-drifted').waitFor();
  await ask('mend');
  await page.locator('.tile.is-drifted').waitFor({ state: 'detached' });
  browser.check('it goes by itself when it is mended', true);
}

async function session(browser) {
  const { page, context } = browser;
  const cookie = (await context.cookies()).find(one => one.httpOnly);
  browser.check(
    'the cookie is kept from scripts and other sites',
    cookie?.sameSite === 'Strict' && cookie.secure,
  );
  browser.check('nothing of it is in the address', !page.url().includes(CONSOLE_TOKEN));
  await page.locator('.menu summary').click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('One-time login token').waitFor();
  await page.getByLabel('One-time login token').fill(CONSOLE_TOKEN);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.locator('.field-error').waitFor();
  browser.check('a token is good once', true);
  await browser.everyWay('login-refused');
}

await tell(new Browser(CONSOLE_URL, CONSOLE_PICTURES), async browser => {
  await browser.page.goto(browser.url);
  await browser.page.getByLabel('One-time login token').waitFor();
  await browser.everyWay('login');
  await browser.logIn(CONSOLE_TOKEN);
  await live(browser);
  await visitAll(browser);
  await details(browser);
  await browser.page.setViewportSize(wide);
  await session(browser);
});
process.stdin.destroy();
