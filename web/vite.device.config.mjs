// The script and the style sheet of the systems' own pages, under names that stay: the pages are drawn by the system.
import { defineConfig } from 'vite';
import { compressed } from './compressed.mjs';

export default defineConfig({
  publicDir: 'device/public',
  plugins: [{ name: 'compressed', closeBundle: () => compressed('dist') }],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    reportCompressedSize: false,
    assetsInlineLimit: 0,
    modulePreload: false,
    rollupOptions: { input: 'device/page.ts', output: { entryFileNames: 'page.js', assetFileNames: 'page[extname]', inlineDynamicImports: true } },
  },
  logLevel: 'warn',
});
