// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig } from 'vitest/config';

// Where `npm run dev` sends what is not a file: dev/mock.mjs, or a real server.
const server = process.env.FETTLE_URL ?? 'http://127.0.0.1:7480';

// Beside each file its compressed form, which the server sends to those who take it.
const compressed = {
  name: 'compressed',
  apply: 'build' as const,
  closeBundle() {
    for (const path of readdirSync('dist', { recursive: true }) as string[]) {
      if (!/\.(js|css|html|svg)$/.test(path)) continue;
      const file = join('dist', path);
      writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
    }
  },
};

export default defineConfig({
  plugins: [compressed],
  esbuild: { jsx: 'automatic' },
  build: {
    target: 'es2022',
    // Nothing inline: the server's policy allows files of its own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      // "use client" says nothing to a bundle without a server's half.
      onwarn: (warning, warn) => (warning.code === 'MODULE_LEVEL_DIRECTIVE' ? undefined : warn(warning)),
      output: { manualChunks: id => (id.includes('node_modules') ? 'vendor' : undefined) },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ['/session', '/events', '^/fettle\\.v1\\..*'].map(path => [path, { target: server, secure: false }]),
    ),
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
