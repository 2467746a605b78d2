// SPDX-License-Identifier: Apache-2.0
// Writes the filter language of docs/reference/filter.md; only the server reads it.

export function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

export function equals(field: string, value: string): string {
  return `${field} == ${quote(value)}`;
}

export function oneOf(field: string, values: readonly string[]): string {
  return `${field} in [${values.map(quote).join(', ')}]`;
}

// `filter` and also `term`. A filter that is one bare word is a name or a pattern of names, which an expression says
// with "~".
export function and(filter: string, term: string): string {
  const text = filter.trim();
  if (text === '') return term;
  const bare = /^[^\s()"'\[\]=<>!~]+$/.test(text);
  return `${bare ? `name ~ ${quote(text)}` : /\bor\b/.test(text) ? `(${text})` : text} and ${term}`;
}
