import { defineConfig } from 'vitest/config';

// The C server serves dist/ as it is: names with a hash, nothing inlined, so that its
// Content-Security-Policy can be `default-src 'self'` with no exception for scripts or styles.
export default defineConfig({
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
  test: { include: ['src/**/*.test.ts'] },
});
