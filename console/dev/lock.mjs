// SPDX-License-Identifier: Apache-2.0
// `npm run lock` after a change of package.json: names and digests stay in the lock file, places to get them from go
// (npm's own option for that forgets the packages of other platforms).
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
for (const [name, entry] of Object.entries(lock.packages)) {
  delete entry.resolved;
  if (name !== '' && (!entry.version || !entry.integrity))
    throw new Error(`${name} has no version or digest`);
}
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
