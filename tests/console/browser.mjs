// SPDX-License-Identifier: Apache-2.0
// A browser with what every test of the console does: log in, look for faults, keep pictures.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const need = createRequire(fileURLToPath(new URL('../../console/package.json', import.meta.url)));
const { chromium } = need('playwright-core');
const axe = readFileSync(need.resolve('axe-core/axe.min.js'), 'utf8');

export const wide = { width: 1360, height: 860 };
export const phone = { width: 390, height: 800 };

export class Browser {
  failures = [];

  constructor(url, out) {
    this.url = url;
    this.out = out;
    mkdirSync(out, { recursive: true });
  }

  async open() {
    this.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      // Chromium's sandbox cannot be had as root; the test's pages are our own.
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    this.context = await this.browser.newContext({
      viewport: wide,
      ignoreHTTPSErrors: true,
      colorScheme: 'light',
    });
    this.page = await this.context.newPage();
    this.page.setDefaultTimeout(15_000);
    // What must never be: a script of a host that runs, a violated policy, an exception, a request to elsewhere.
    this.page.on('dialog', dialog => {
      this.fail(`a dialog opened: ${dialog.message()}`);
      void dialog.dismiss();
    });
    this.page.on('pageerror', error => this.fail(`exception: ${error.message}`));
    this.page.on('console', message => {
      const text = message.text();
      if (message.type() === 'error' && !/status of 40[0-9]/.test(text)) this.fail(`console: ${text}`);
    });
    this.page.on('request', request => {
      if (!request.url().startsWith(this.url)) this.fail(`asked elsewhere: ${request.url()}`);
    });
    return this.page;
  }

  async close() {
    await this.browser?.close();
  }

  fail(text) {
    this.failures.push(text);
    console.log(`FAILED  ${text}`);
  }

  check(what, good, seen = '') {
    if (good) console.log(`ok      ${what}`);
    else this.fail(`${what}${seen === '' ? '' : `; seen: ${seen}`}`);
  }

  async go(place) {
    await this.page.goto(`${this.url}/#/${place}`);
  }

  // Waits until the page shows `text`, and checks that it does.
  async shows(what, text, timeout = 15_000) {
    const found = await this.page
      .locator('#root', { hasText: text })
      .waitFor({ timeout })
      .then(
        () => true,
        () => false,
      );
    this.check(what, found, found ? '' : (await this.page.locator('#root').innerText()).slice(0, 600));
  }

  // Everything that axe knows of WCAG 2.2 AA, its other rules too.
  async accessible(name) {
    await this.page.evaluate(axe);
    const found = await this.page.evaluate(async () => {
      const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
      const result = await globalThis.axe.run(document, { runOnly: tags });
      return result.violations.map(one => `${one.id}: ${one.help}: ${one.nodes[0]?.html.slice(0, 200)}`);
    });
    this.check(`${name}: axe finds nothing`, found.length === 0, found.join('\n        '));
  }

  async picture(name) {
    await this.page.screenshot({ path: join(this.out, `${name}.png`) });
  }

  // Nothing sticks out at the side.
  async fits(name) {
    const over = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    this.check(`${name}: no wider than the window`, over <= 0, `${over} px too wide`);
  }

  // The page in light and dark, wide and as on a phone: pictures of each, axe and width.
  async everyWay(name) {
    for (const theme of ['light', 'dark']) {
      await this.page.emulateMedia({ colorScheme: theme });
      for (const [size, viewport] of [
        ['', wide],
        ['-phone', phone],
      ]) {
        await this.page.setViewportSize(viewport);
        await this.page.waitForTimeout(250); // Transitions and the browser's own layout.
        await this.picture(`${name}-${theme}${size}`);
        await this.accessible(`${name} ${theme}${size}`);
        await this.fits(`${name} ${theme}${size}`);
      }
    }
    await this.page.emulateMedia({ colorScheme: 'light' });
    await this.page.setViewportSize(wide);
  }

  async logIn(token) {
    await this.page.goto(this.url);
    await this.page.getByLabel('One-time login token').fill(token);
    await this.page.getByRole('button', { name: 'Log in' }).click();
    await this.page.getByRole('navigation', { name: 'Pages' }).waitFor();
  }
}

// Runs `story`, closes everything, and ends with 1 when something was not as it should be.
export async function tell(browser, story) {
  try {
    await browser.open();
    await story(browser);
  } catch (error) {
    browser.fail(error.stack ?? String(error));
    await browser.picture('at-failure').catch(() => {});
  } finally {
    await browser.close();
  }
  console.log(`${browser.failures.length} failures; pictures in ${browser.out}`);
  process.exitCode = browser.failures.length === 0 ? 0 : 1;
}
