// SPDX-License-Identifier: Apache-2.0
// The console of a real server with real hosts, as test_console.py runs it. What is to happen on hosts is asked for on
// standard output ("ASK drift") and answered by a line on standard input.
import { readFileSync } from 'node:fs';
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

// What somebody installs is there with the command, and the moment before is as it was.
async function packages(browser) {
  const { page } = browser;
  const row = text => page.locator('tbody tr:not(.space)', { hasText: text });
  await browser.go('hosts/web1/packages?q=fettle-lab*');
  await browser.shows('what is not installed is not listed', 'No package fits');
  await ask('install 1.0');
  await row('fettle-lab-tool').filter({ hasText: 'apt-get install -qy fettle-lab-tool=1.0' }).waitFor();
  browser.check('an installed package appears by itself, with who', true);
  const between = new Date().toISOString();
  await ask('install 2.0');
  await row('2.0').waitFor();
  await browser.everyWay('host-packages');
  await browser.go(`hosts/web1/packages?q=fettle-lab*&at=${between}`);
  await row('1.0').waitFor();
  browser.check('a moment that passed has its version', (await row('2.0').count()) === 0);
  await browser.go('hosts/web1/packages?view=changes&q=tool');
  await row('upgraded').waitFor();
  await row('installed').waitFor();
  browser.check('only these changed', (await row('fettle-lab-tool').count()) === 2);
  await browser.everyWay('host-packages-changes');
  await browser.go('hosts/web1/packages?at=2001-01-01T00:00:00Z');
  await browser.shows('before the first list nothing is known', /not known|no such/i);
  await browser.go('hosts/web1/packages');
  await page.getByRole('searchbox').fill('libc6');
  await row('libc6').first().waitFor();
  await row('there from the first').first().waitFor();
  browser.check('what was there is said to have been', true);
}

// A drift that was and one that is over are in the chart, for all hosts and for those of a filter.
async function driftOverTime(browser) {
  const { page } = browser;
  await browser.go('drift?since=1h');
  const chart = page.getByRole('img', { name: /^[1-9]\d* drifts began, [1-9]\d* ended, 0 open now$/ });
  await chart.waitFor();
  browser.check('what began and ended is drawn', true);
  await page.getByText('The same as a table').click();
  const rows = page.getByRole('region', { name: 'Drifts over time' }).locator('tbody tr');
  browser.check('a row for five minutes', (await rows.count()) === 12, await rows.count());
  await browser.everyWay('drift-over-time');
  const filter = encodeURIComponent('resource == "file:/none"');
  await browser.go(`drift?since=30d&filter=${filter}`);
  await page.getByRole('img', { name: '0 drifts began, 0 ended, 0 open now' }).waitFor();
  browser.check('the filter is that of the chart, too', true);
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
  await compliance(browser);
  await browser.go('fleet?group=labels.role');
  await page.locator('.tile.is-drifted').waitFor();
  await ask('mend');
  await page.locator('.tile.is-drifted').waitFor({ state: 'detached' });
  browser.check('it goes by itself when it is mended', true);
}

// While one host drifts: what is off, what is waived, from the score down to the line and what somebody wrote there.
async function compliance(browser) {
  const { page } = browser;
  await browser.go('compliance');
  await browser.shows('a title of a control is no markup', 'A greeting without <img src=x onerror=alert(1)>');
  await browser.shows('a waiver stands where its control is', '<b>the vendor</b> greets');
  const counts = await page.locator('.control', { hasText: 'CIS-1.7.1' }).locator('.counts').innerText();
  browser.check('a control is counted', /1 not compliant/.test(counts) && /1 compliant/.test(counts), counts);
  await browser.everyWay('compliance');
  await page.getByLabel('Framework').selectOption('PCI-DSS');
  await page.locator('.control', { hasText: 'CIS-6.1.2' }).waitFor({ state: 'detached' });
  browser.check('the framework is in the address', page.url().includes('framework=PCI-DSS'), page.url());
  for (const [button, name, text] of [
    ['Save CSV', /^compliance-.*\.csv$/, 'CIS-1.7.1,A greeting'],
    ['Save JSON', /^compliance-.*\.json$/, '"VERDICT_NOT_COMPLIANT"'],
  ]) {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: button }).click(),
    ]);
    const saved = readFileSync(await download.path(), 'utf8');
    browser.check(`${button} saves`, name.test(download.suggestedFilename()) && saved.includes(text), saved);
  }
  await page.emulateMedia({ media: 'print' });
  await browser.picture('compliance-print');
  browser.check(
    'what is off is printed, and no buttons are',
    (await page.getByRole('region', { name: 'Findings' }).isVisible()) &&
      !(await page.getByRole('button', { name: 'Save CSV' }).isVisible()),
  );
  await page.emulateMedia({ media: 'screen' });
  await browser.go('compliance?view=map');
  await page.getByRole('link', { name: 'db1, CIS-1.7.1: not compliant' }).waitFor();
  await page.getByRole('link', { name: 'db1, OWN-1: waived' }).waitFor();
  await page.getByRole('link', { name: 'web1, CIS-1.7.1: compliant' }).waitFor();
  await browser.everyWay('compliance-map');
  await page.getByRole('link', { name: 'db1, CIS-1.7.1: not compliant' }).press('Enter');
  await browser.shows('a cell leads to the line', 'recipes/app.lua:2');
  await browser.shows('and to the evidence', 'by hand');
  await browser.everyWay('control-host');
  await browser.go('compliance/OWN-1');
  await browser.shows('who answers for it, and what is done instead', 'Instead: ticket 4711');
  await browser.everyWay('control');
  await browser.go('compliance?view=waivers');
  await browser.shows('waivers say until when', 'Waived until');
  await browser.everyWay('waivers');
  await trend(browser);
  await browser.go('compliance?framework=HIPAA');
  await browser.shows('a framework without controls', 'There is no such thing');
  await browser.go('compliance/NONE-1');
  await browser.shows('a control that nobody names', 'NONE-1');
  await browser.go(`compliance?filter=${encodeURIComponent('nonsense == 1')}`);
  await browser.shows('a wrong filter is pointed at', 'column 1');
}

// A fleet that is some minutes old: who chooses no time is shown one with something in it, and the score of the page is at
// its end.
async function trend(browser) {
  const { page } = browser;
  const picture = page.getByRole('img', { name: /^Score now 83\.3 %/ });
  const rows = page.getByRole('region', { name: 'The same as a table' }).locator('tbody tr');
  await browser.go('compliance?view=trend');
  await picture.waitFor();
  await page.locator('label.chosen', { hasText: '7 days' }).waitFor({ state: 'detached' });
  browser.check('who chose no time is shown one in which the fleet was', true);
  await page.getByText('1 hour', { exact: true }).click();
  await rows.nth(31).waitFor();
  await picture.waitFor();
  await browser.shows('where the line begins is said', /the line begins/i);
  browser.check('every other minute of an hour, and now', (await rows.count()) === 32, await rows.count());
  browser.check('the last row is the score of the page', /83\.3 %/.test(await rows.first().innerText()));
  await browser.everyWay('compliance-trend-hour');
  await page.getByText('30 days', { exact: true }).click();
  await page.waitForURL(/span=30d/);
  await picture.waitFor();
  await rows.nth(31).waitFor({ state: 'detached' }); // Until then it is the hour's.
  browser.check('a midnight a day, and now', (await rows.count()) === 31, await rows.count());
  await browser.shows('what a young fleet does not know yet is said', /the line begins/i);
  await browser.everyWay('compliance-trend');
  await browser.go('compliance/OWN-1?trend=yes');
  await page.getByRole('img', { name: /^Score now / }).waitFor();
  browser.check('a control has its own trend', true);
}

// The log is checked by the browser, and what does not hold is said loudly.
async function evidence(browser) {
  const { page } = browser;
  const check = async (what, text) => {
    await page.getByRole('button', { name: 'Check it here' }).click();
    await browser.shows(what, text);
  };
  const keep = change =>
    page.evaluate(`(() => {
      const kept = JSON.parse(localStorage.getItem('fettle.evidence'));
      (${change})(kept);
      localStorage.setItem('fettle.evidence', JSON.stringify(kept));
    })()`);
  const fresh = async place => {
    await page.goto('about:blank');
    await browser.go(place);
    await page.locator('tbody tr:not(.space)').first().waitFor();
  };
  await fresh('evidence?who=user/admin');
  await browser.shows('what people did', 'publish');
  await browser.shows('nothing is kept yet', 'No head is kept here yet');
  await browser.everyWay('evidence');
  await check('the log holds', 'It holds.');
  await browser.shows('its signature was checked', 'signed by the key of the log (Ed25519)');
  await browser.shows('the first head is believed', 'No older head was kept: the next time');
  await fresh('evidence?reports=1&since=all');
  await browser.shows('reports of hosts are listed', 'host/web1');
  await check('the log goes on from the kept head', 'is the beginning of this one');
  await browser.shows('whose word reports are is said', 'batches of reports are signed by their hosts');
  await browser.everyWay('evidence-holds');
  await page.route('**/fettle.v1.Evidence/ListLeaves', async route => {
    const response = await route.fetch();
    await route.fulfill({
      response,
      body: (await response.text()).replace('"act":"publish"', '"act":"look"'),
    });
  });
  await fresh('evidence?act=publish');
  await check('a list that is not the log is found', 'is not what the server listed');
  await browser.everyWay('evidence-refused');
  await page.unroute('**/fettle.v1.Evidence/ListLeaves');
  await page.route('**/fettle.v1.Evidence/Export', async route => {
    const response = await route.fetch();
    const body = await response.body();
    const at = Math.floor(body.length / 2);
    body[at] = body[at] === 65 ? 66 : 65;
    await route.fulfill({ response, body });
  });
  await fresh('evidence?since=all');
  await page.getByRole('button', { name: 'Check it here' }).click();
  await page.locator('.proof .problem').waitFor();
  browser.check('a changed byte of the log is found', true);
  await page.unroute('**/fettle.v1.Evidence/Export');
  const good = await page.evaluate(() => localStorage.getItem('fettle.evidence'));
  await keep(`kept => { kept.key = kept.key.replace(/.$/, '') + 'A'; }`);
  await fresh('evidence');
  await check('another key is found', 'Another key signs the log');
  await page.evaluate(text => localStorage.setItem('fettle.evidence', text), good);
  await keep(`kept => { kept.head = kept.head.replace(/\\ntime 1/, '\\ntime 2'); }`);
  await fresh('evidence');
  await check('a kept head that was altered is found', 'it was altered');
  await page.getByRole('button', { name: 'Forget what this browser kept' }).click();
  await browser.shows('it can be forgotten', 'No head is kept here yet');
  await check('after which it begins anew', 'No older head was kept: the next time');
  await browser.go('evidence?act=denied&who=nobody');
  await browser.shows('nothing fits', 'Nothing was written down in this time');
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
  await driftOverTime(browser);
  await packages(browser);
  await evidence(browser);
  await browser.page.setViewportSize(wide);
  await session(browser);
});
process.stdin.destroy();
