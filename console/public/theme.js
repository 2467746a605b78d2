// SPDX-License-Identifier: Apache-2.0
// Before the first paint, so that a page that was set to dark never flashes.
try {
  const theme = localStorage.getItem('fettle.theme');
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's choice holds then.
}
