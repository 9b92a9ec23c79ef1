// Writes what the interface takes from elsewhere in the repository, so that nothing is typed twice:
//   generated/api.ts        types of catalogue/openapi.yaml, and the permission that each operation needs
//   generated/errors.json   cause and remedy of each error of catalogue/errors.toml
//   generated/theme.css     Mantine's variables for our theme, as a file: a style element would need an inline style in the policy
//
//   node generate.mjs CATALOGUE OUT
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertCssVariables, DEFAULT_THEME, defaultCssVariablesResolver, mergeMantineTheme } from '@mantine/core';
import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';
import { cssVariablesResolver, theme } from './theme.mjs';

const [catalogue, out] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const api = parseYaml(readFileSync(join(catalogue, 'openapi.yaml'), 'utf8'));

const nameOf = (ref) => ref.split('/').at(-1);
const comment = (text) => (text ? `/** ${text.replaceAll('*/', '* /')} */ ` : '');

function typeOf(schema) {
  if (!schema) return 'unknown';
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.allOf) return schema.allOf.map(typeOf).join(' & ');
  if (schema.oneOf) return schema.oneOf.map(typeOf).join(' | ');
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const kinds = [schema.type ?? 'object'].flat();
  return kinds.map((kind) => kindOf(kind, schema)).join(' | ');
}

function kindOf(kind, schema) {
  if (kind === 'integer' || kind === 'number') return 'number';
  if (kind === 'array') return `Array<${typeOf(schema.items)}>`;
  if (kind !== 'object') return kind;
  if (!schema.properties) return 'Record<string, any>';
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties).map(
    ([name, one]) => `${comment(one.description)}${name}${required.has(name) ? '' : '?'}: ${typeOf(one)}`,
  );
  return `{ ${fields.join('; ')} }`;
}

const contentType = (content) => (content['application/json'] ? typeOf(content['application/json'].schema) : 'string');
const fieldsOf = (parameters, place) =>
  parameters
    .filter((one) => one.in === place)
    .map((one) => `${comment(one.description)}${one.name}${place === 'path' ? '' : '?'}: ${place === 'path' ? 'string | number' : `${typeOf(one.schema)} | string`}`);

const lines = ['// Generated from catalogue/openapi.yaml by generate.mjs.', '/* eslint-disable */'];
for (const [name, schema] of Object.entries(api.components.schemas)) lines.push(`export type ${name} = ${typeOf(schema)};`);
const operations = [];
const permissions = [];
for (const [path, methods] of Object.entries(api.paths)) {
  for (const [method, described] of Object.entries(methods)) {
    const answers = Object.entries(described.responses).filter(([status]) => status.startsWith('2'));
    const answer = [...new Set(answers.map(([, one]) => (one.content ? contentType(one.content) : 'null')))].join(' | ');
    const parameters = described.parameters ?? [];
    const [params, query] = [fieldsOf(parameters, 'path'), fieldsOf(parameters, 'query')];
    const body = described.requestBody ? contentType(described.requestBody.content) : 'undefined';
    const key = `${method.toUpperCase()} ${path}`;
    operations.push(`  '${key}': { params: { ${params.join('; ')} }; query: { ${query.join('; ')} }; body: ${body}; answer: ${answer} };`);
    permissions.push(`  '${key}': '${described['x-permission']}',`);
  }
}
lines.push(`export interface Operations {\n${operations.join('\n')}\n}`);
lines.push('export type Operation = keyof Operations;');
lines.push(`export const permissionOf: Record<Operation, string> = {\n${permissions.join('\n')}\n};`);
// What forms say below their fields.
const described = {};
for (const [name, schema] of Object.entries(api.components.schemas)) {
  for (const [field, one] of Object.entries(schema.properties ?? {})) {
    if (one.description && schema.additionalProperties === false) (described[name] ??= {})[field] = one.description;
  }
}
for (const [name, fields] of Object.entries(described)) lines.push(`export const ${name}Help = ${JSON.stringify(fields)};`);
writeFileSync(join(out, 'api.ts'), `${lines.join('\n')}\n`);

const errors = {};
for (const [id, one] of Object.entries(parseToml(readFileSync(join(catalogue, 'errors.toml'), 'utf8')))) {
  if (one.cause) errors[id] = { title: one.title, cause: one.cause, remedy: one.remedy };
}
writeFileSync(join(out, 'errors.json'), JSON.stringify(errors));

const merged = mergeMantineTheme(DEFAULT_THEME, theme);
const [plain, ours] = [defaultCssVariablesResolver(merged), cssVariablesResolver(merged)];
const both = Object.fromEntries(['variables', 'light', 'dark'].map((part) => [part, { ...plain[part], ...ours[part] }]));
writeFileSync(join(out, 'theme.css'), convertCssVariables(both, ':root'));
