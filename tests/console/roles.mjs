// SPDX-License-Identifier: Apache-2.0
// Each role walks through the console of a real server, as test_console.py runs it: what it may see is there, what it may
// not is said, and the server refuses it whatever the page does.
import { Browser, tell } from './browser.mjs';

const { CONSOLE_URL, CONSOLE_PEOPLE, CONSOLE_PICTURES } = process.env;
const pages = [
  ['fleet?view=table', 'web1'],
  ['hosts/web1', 'file:/etc/motd'],
  ['hosts/web1/packages', 'packages'],
  ['drift?since=1h', 'file:/srv/app/one'],
  ['runs?since=1d', 'web1'],
  ['revisions/r2', 'recipes/app.lua'],
  ['compliance', 'CIS-1.7.1'],
  ['compliance?view=trend', '100 % above'],
  ['evidence', 'Leaf'],
];
const words = {
  admin: 'may change things, with the command line',
  viewer: 'may look and change nothing',
  auditor: 'may look; every question is written into the evidence log',
};

// What the page of somebody who is logged in gets for an act; `ours`: with the header that other sites cannot send.
const act = (page, method, request, ours = true) =>
  page.evaluate(
    async ([path, body, header]) => {
      const answer = await fetch(`/fettle.v1.${path}`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          ...(header ? { 'Connect-Protocol-Version': '1' } : {}),
        },
        body: JSON.stringify(body),
      });
      return [answer.status, await answer.text()];
    },
    [method, request, ours],
  );

async function look(browser, { name, role, bounded }) {
  const { page } = browser;
  for (const [place, text] of pages) {
    await browser.go(place);
    await page.locator('#main', { hasText: text }).waitFor();
    const problems = await page.locator('.problem').count();
    browser.check(`${name} sees ${place}`, problems === 0);
    const bound = await page.locator('.bounds', { hasText: 'labels.role == web' }).count();
    browser.check(`${name}: the bounds of what they see are said on ${place}`, (bound === 1) === bounded);
    if (bounded) {
      const told = await page.locator('#main').innerText();
      browser.check(`${name} sees nothing of others on ${place}`, !told.includes('db1'), told.slice(0, 400));
    }
  }
  await page.locator('.menu summary').click();
  await page.locator('.menu-box', { hasText: `${role}: ${words[role]}` }).waitFor();
  browser.check(`${name} is told what the role may`, true);
  await browser.accessible(`the menu of ${name}`);
  await browser.picture(`role-${name}`);
  await page.locator('.menu summary').click();
  await browser.go('hosts/db1');
  if (bounded) {
    await browser.shows(`${name} is told why db1 is not there`, 'among those that you may see');
  } else {
    await browser.shows(`${name} sees db1`, 'file:/etc/motd');
  }
}

async function refused(browser, { name, role }) {
  const { page } = browser;
  for (const [method, request] of [
    ['Fleet/RequestRun', { filter: 'name == nobody' }],
    ['Fleet/Pause', { filter: 'name == nobody', seconds: 60, reason: 'a test' }],
    ['Fleet/UpdateHost', { name: 'web1', setLabels: { role: 'db' } }],
    ['Fleet/CreateToken', { subject: 'SUBJECT_USER', name: 'mallory', role: 'admin' }],
    ['Fleet/Revoke', { host: 'web1', reason: 'a test' }],
    ['Policy/SetChannel', { channel: 'production', revision: 'r1' }],
  ]) {
    if (role !== 'admin') {
      const [status, text] = await act(page, method, request);
      browser.check(
        `${name} may not ${method}`,
        status === 403 && text.includes('permission_denied') && text.includes(role),
        `${status} ${text}`,
      );
    }
    const [foreign, text] = await act(page, method, request, false);
    browser.check(
      `${method} without the header that other sites cannot send is refused to ${name}`,
      foreign === 403 && text.includes('Connect-Protocol-Version'),
      `${foreign} ${text}`,
    );
  }
  if (role === 'admin') {
    const [status, text] = await act(page, 'Fleet/RequestRun', { filter: 'name == web1' });
    browser.check(`${name} may ask for a run`, status === 200, `${status} ${text}`);
  }
}

async function proof(browser, { name, bounded }) {
  await browser.go('evidence');
  await browser.page.getByRole('button', { name: 'Check it here' }).click();
  if (bounded) {
    await browser.page.locator('.proof', { hasText: /of all|that you may see/ }).waitFor();
    browser.check(`${name} is told why the whole log is not theirs to check`, true);
  } else {
    await browser.shows(`${name} checks the log`, 'It holds.');
  }
}

await tell(new Browser(CONSOLE_URL, CONSOLE_PICTURES), async browser => {
  const { page } = browser;
  for (const person of JSON.parse(CONSOLE_PEOPLE)) {
    await browser.logIn(person.token);
    await look(browser, person);
    await refused(browser, person);
    await proof(browser, person);
    await page.locator('.menu summary').click();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('One-time login token').waitFor();
    await page.evaluate(() => localStorage.clear());
    const [status] = await act(page, 'Fleet/ListHosts', {});
    browser.check(`who logged out as ${person.name} sees nothing`, status === 401, String(status));
  }
});
