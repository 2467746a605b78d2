// SPDX-License-Identifier: Apache-2.0
// Where one is: a path and its parameters, behind the "#" of the address, so that neither filters nor names of hosts
// reach the server's request log, and any static file server will do.

export interface Place {
  path: string[];
  params: Readonly<Record<string, string>>;
}

export function parsePlace(hash: string): Place {
  const text = hash.replace(/^#/, '');
  const at = text.indexOf('?');
  const path = (at < 0 ? text : text.slice(0, at))
    .split('/')
    .filter(part => part !== '')
    .map(decode);
  const params = at < 0 ? {} : Object.fromEntries(new URLSearchParams(text.slice(at + 1)));
  return { path: path.length === 0 ? ['fleet'] : path, params };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// The address of a place; parameters that are '' are left out, so that equal places have equal addresses.
export function href(path: readonly string[], params: Readonly<Record<string, string>> = {}): string {
  const kept = Object.entries(params)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const query = new URLSearchParams(kept).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${query ? `?${query}` : ''}`;
}

export function withParams(place: Place, changes: Readonly<Record<string, string>>): string {
  return href(place.path, { ...place.params, ...changes });
}
