import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** Every file of the result, compressed beside it, and a list of their sizes. `first`: the page that a browser asks for first. */
export function compressed(folder, first) {
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
  const named = first ? readFileSync(join(folder, first), 'utf8') : '';
  const sum = (some) => some.reduce((all, row) => all + row[2], 0);
  for (const [name, plain, small] of rows) console.log(`  ${name.padEnd(44)}${size(plain)}${size(small)} compressed`);
  if (first) console.log(`  ${'what the first page names'.padEnd(44)}${' '.repeat(10)}${size(sum(rows.filter(([name]) => named.includes(name))))} compressed`);
  console.log(`  ${'all'.padEnd(44)}${' '.repeat(10)}${size(sum(rows))} compressed`);
}
