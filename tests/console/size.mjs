// SPDX-License-Identifier: Apache-2.0
// The console with 10,000 hosts from console/dev/mock.mjs: every page in every theme and width, all by keyboard, and how
// long pages take. Times are printed; only what nobody would call fast is a failure.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Browser, tell, wide } from './browser.mjs';

const hosts = 10_000;
const out = process.env.CONSOLE_PICTURES ?? 'console-pictures/size';

const freePort = () =>
  new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const port = await freePort();
const mock = spawn(
  process.execPath,
  [fileURLToPath(new URL('../../console/dev/mock.mjs', import.meta.url)), String(port), String(hosts)],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
await new Promise(resolve => mock.stdout.once('data', resolve));

// How long until `selector` is there, in milliseconds.
async function took(browser, place, selector) {
  await browser.page.goto('about:blank');
  const began = Date.now();
  await browser.go(place);
  await browser.page.locator(selector).first().waitFor();
  return Date.now() - began;
}

async function speed(browser) {
  const { page } = browser;
  for (const [name, place, selector] of [
    ['fleet as tiles', 'fleet', '.tile'],
    ['fleet as table', 'fleet?view=table', 'tbody tr:not(.space)'],
    ['drift', 'drift?since=7d', '.group'],
    ['hosts by controls', 'compliance?view=map', '.heat tbody .cell'],
  ]) {
    const ms = await took(browser, place, selector);
    console.log(`        ${name}: ${ms} ms with ${hosts} hosts`);
    browser.check(`${name} is there soon`, ms < 10_000, `${ms} ms`);
  }
  const paint = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
  );
  console.log(`        first paint: ${Math.round(paint)} ms`);
  await browser.go('fleet?view=table');
  await page.locator('tbody tr:not(.space)').first().waitFor();
  const rows = await page.locator('tbody tr').count();
  browser.check('a long table has only the rows near the window', rows < 120, `${rows} rows`);
  const scrolling = await page.evaluate(async () => {
    const frames = [];
    let last = performance.now();
    for (let i = 0; i < 60; i += 1) {
      scrollBy(0, 7000);
      await new Promise(requestAnimationFrame);
      frames.push(performance.now() - last);
      last = performance.now();
    }
    return frames.sort((a, b) => a - b);
  });
  console.log(
    `        a frame while scrolling: p50 ${scrolling[30].toFixed(1)} ms, longest ${scrolling[59].toFixed(1)} ms`,
  );
  browser.check('scrolling does not stand still', scrolling[59] < 1000, `${scrolling[59]} ms`);
  await page.waitForTimeout(200); // The last frame's rows.
  const last = await page.locator('tbody tr:not(.space)').last().getAttribute('aria-rowindex');
  browser.check('the end of a long table can be reached', Number(last) === hosts + 1, last);
}

// Not waitForFunction(), which evaluates text in the page: its rules forbid that.
async function until(page, holds) {
  for (let i = 0; i < 200; ++i) {
    if (await page.evaluate(holds)) return;
    await page.waitForTimeout(50);
  }
  throw new Error(`never so: ${holds}`);
}

async function keyboard(browser) {
  const { page } = browser;
  await browser.go('fleet?group=none');
  await page.locator('.tile').first().waitFor();
  await page.keyboard.press('/');
  browser.check(
    '"/" goes to the filter',
    await page.evaluate(() => document.activeElement?.matches('.filter input')),
  );
  await page.keyboard.type('labels.role == db');
  await page.keyboard.press('Enter');
  await page.waitForURL(/filter=labels.role/);
  // The tiles of before stand until the answer comes; a focus that one of them has goes with it.
  await until(page, () =>
    [...document.querySelectorAll('.tile')].every(one => one.getAttribute('href').includes('/hosts/db')),
  );
  await page.locator('.tile').first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await until(page, () => Number(document.activeElement?.dataset.at) > 1);
  browser.check('arrows walk over tiles', true);
  await page.keyboard.press('End');
  const last = page.locator('.tile:focus');
  await last.waitFor();
  await page.waitForTimeout(300); // It is scrolled to first.
  const end = Number(await last.getAttribute('data-at'));
  browser.check('End goes to the last tile', end > 500, end);
  await page.keyboard.press('Enter');
  await page.waitForURL(/#\/hosts\/db/);
  await browser.shows('Enter opens the host', 'Certificate ends');
  await page.goBack();
  await page.waitForURL(/filter=labels.role/);
  browser.check(
    'going back keeps the filter',
    (await page.getByLabel('Filter hosts').inputValue()) === 'labels.role == db',
  );
}

// The map of 10,000 hosts by 60 controls has only the cells near the window, and all can be reached by keyboard.
async function heatMap(browser) {
  const { page } = browser;
  await browser.go('compliance?view=map');
  const cell = page.locator('.heat tbody .cell').first();
  await cell.waitFor();
  const cells = await page.locator('.heat tbody .cell').count();
  browser.check('a map has only the cells near the window', cells < 4000, cells);
  await cell.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.locator('.cell[data-at="1 1"]:focus').waitFor();
  browser.check('arrows walk over cells', true);
  await page.keyboard.press('End');
  await page.locator(`.cell[data-at="${hosts - 1} 1"]:focus`).waitFor();
  browser.check('End goes to the last host', true);
  await page.keyboard.press('Enter');
  await page.waitForURL(/#\/compliance\/CIS.*host=/);
  await browser.shows('Enter shows the evidence', 'recipes/ssh/init.lua:4');
}

await tell(new Browser(`http://127.0.0.1:${port}`, out), async browser => {
  const { page } = browser;
  await page.goto(browser.url);
  await page.getByLabel('One-time login token').waitFor();
  await browser.everyWay('login');
  await browser.logIn('any');
  await speed(browser);
  await keyboard(browser);
  await heatMap(browser);
  const odd = await page.evaluate(async () => {
    const answer = await fetch('/fettle.v1.History/Drift', { method: 'POST', body: '{"most":500}' });
    return (await answer.json()).records.find(one => one.id.includes('<script>')).host;
  });
  const script = encodeURIComponent('file:/srv/<script>alert(1)</script>');
  for (const [name, place, text] of [
    ['fleet', 'fleet?group=labels.role', '10,000 hosts'],
    ['fleet-table', 'fleet?view=table&sort=-drift', 'Last run'],
    ['host', `hosts/${odd}?r=${script}`, '<img src=x onerror=alert(1)>'],
    ['host-timeline', `hosts/${odd}/timeline`, 'this moment'],
    ['host-drift', `hosts/${odd}/drift?since=now`, 'open'],
    ['host-packages', `hosts/${odd}/packages`, 'lib:<b>'],
    ['host-packages-changes', `hosts/${odd}/packages?view=changes&q=lib:*`, '<i>, requested by ann'],
    ['host-facts', `hosts/${odd}/facts`, 'os.id'],
    ['drift', 'drift', 'by whom is not known'],
    ['drift-week', 'drift?since=7d', 'corrected'],
    ['runs', 'runs', 'drift of file:/etc/motd'],
    ['revisions', 'revisions', 'nginx: four workers'],
    ['revision', 'revisions/r42', 'recipes/web/init.lua'],
    ['wrong-filter', 'fleet?filter=%3Dx', 'a field is missing'],
    ['compliance', 'compliance', 'Logs leave the host <b>at once</b>'],
    ['compliance-map', 'compliance?view=map&filter=web*', 'Controls behind'],
    ['compliance-trend', 'compliance?view=trend&span=30d', 'labels are those of now'],
    ['control', 'compliance/CIS-1.1', 'So that every act has a name.'],
    ['evidence', 'evidence?since=all', '<i>by hand</i>'],
    ['nowhere', 'nowhere', 'There is no such page'],
  ]) {
    await browser.go(place);
    await browser.shows(name, text);
    await browser.everyWay(name);
  }
  await browser.go('evidence?since=all');
  await page.getByRole('button', { name: 'Older' }).click();
  await page.waitForURL(/before=700/);
  await page.getByRole('button', { name: 'Check it here' }).click();
  await browser.shows('a log is checked in the browser', 'It holds.');
  await browser.go('revisions/r42');
  await page.locator('.file-line', { hasText: 'recipes/web/init.lua' }).first().click();
  await browser.shows('a changed file shows its difference', 'content = "41\\n"');
  await browser.picture('revision-diff');
  await page.setViewportSize(wide);
}).finally(() => mock.kill());
