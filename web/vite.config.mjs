import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Every file of the result, compressed beside it, and a list of their sizes. */
function compressed(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => statSync(join(folder, name)).isFile() && !/\.(br|gz)$/.test(name));
  const rows = [];
  for (const name of names.sort()) {
    const content = readFileSync(join(folder, name));
    if (!/\.(js|css|html|svg|json|txt)$/.test(name)) {
      rows.push([name, content.length, content.length]);
      continue;
    }
    const brotli = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } });
    writeFileSync(join(folder, `${name}.br`), brotli);
    writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
    rows.push([name, content.length, brotli.length]);
  }
  const size = (bytes) => `${(bytes / 1024).toFixed(1)} kB`.padStart(10);
  const first = readFileSync(join(folder, 'index.html'), 'utf8');
  const sum = (some) => some.reduce((all, row) => all + row[2], 0);
  for (const [name, plain, small] of rows) console.log(`  ${name.padEnd(44)}${size(plain)}${size(small)} compressed`);
  console.log(`  ${'what the first page names'.padEnd(44)}${' '.repeat(10)}${size(sum(rows.filter(([name]) => first.includes(name))))} compressed`);
  console.log(`  ${'all'.padEnd(44)}${' '.repeat(10)}${size(sum(rows))} compressed`);
}

export default defineConfig({
  plugins: [react(), { name: 'compressed', closeBundle: () => compressed('dist') }],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  logLevel: 'warn',
});
