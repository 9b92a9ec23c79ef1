// Tables as files (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe, as the manager's own exports do.
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

export function download(name: string, content: string, type = 'text/csv') {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
