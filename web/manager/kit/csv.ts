// Files that the browser saves. Tables are CSV (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe, as the manager's own exports do.
import { Problem } from './api';

const cell = (value: unknown) => {
  let text = value === null || value === undefined ? '' : String(value);
  if (/^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** What a cell of a drawn table says, in full: a time as RFC 3339, and what is shown shortened (`data-csv`) as it is. */
export function textOf(cell: HTMLElement): string {
  if (!cell.querySelector('time[datetime], [data-csv]')) return cell.innerText.trim();
  const parts: string[] = [];
  const read = (node: Node) => {
    if (node instanceof Text) parts.push(node.data);
    if (!(node instanceof HTMLElement)) return;
    const said = node.dataset.csv ?? (node instanceof HTMLTimeElement ? node.dateTime : undefined);
    if (said !== undefined) parts.push(` ${said} `);
    else if (getComputedStyle(node).display !== 'none') {
      const apart = getComputedStyle(node).display !== 'inline';
      if (apart) parts.push(' ');
      node.childNodes.forEach(read);
      if (apart) parts.push(' ');
    }
  };
  cell.childNodes.forEach(read);
  return parts.join('').replace(/\s+/g, ' ').trim();
}

export function csvOf(heads: string[], rows: unknown[][]): string {
  return [heads, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

export function download(name: string, content: string | Blob, type = 'text/csv') {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Saves what the manager makes at an address of its API. Throws a Problem. */
export async function fetchFile(address: string, name: string) {
  const answer = await fetch(address, { credentials: 'same-origin' }).catch(() => {
    throw new Problem(0, {});
  });
  if (!answer.ok) throw new Problem(answer.status, (await answer.json().catch(() => null)) ?? { title: `The manager answered ${answer.status}.` });
  const said = /filename="?([^";]+)/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1];
  download(said ?? name, await answer.blob());
}
