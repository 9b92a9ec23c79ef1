// Elements made from words: nothing that a system says is ever read as markup.
type Child = Node | string | null | undefined | false;

export function el<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  for (const child of children) if (child) made.append(child);
  return made;
}

/** The header by which the system knows what a script asks for: `live` keeps no log-in open. */
export const asks = (how: 'live' | 'person') => ({ 'Countersign-Page': how });

/** The path of the page that is shown; after a form was sent the address is that of the form. It begins with one slash: behind two, a
 *  browser reads the name of another host. */
export function pagePath(): string {
  const path = document.querySelector('nav a[aria-current]')?.getAttribute('href') ?? location.pathname;
  return `/${path.replace(/^[/\\]+/, '')}`;
}

/** Says something at the head of the page, or takes it back. */
export function tell(key: string, kind: 'problem' | 'banner', ...children: Child[]): void {
  document.getElementById(`told-${key}`)?.remove();
  if (children.length === 0) return;
  const place = document.querySelector('.messages[data-live=messages]') ?? document.querySelector('main');
  place?.before(el('div', { class: 'messages', id: `told-${key}` }, el('p', { class: kind, role: 'alert' }, ...children)));
}

export function loggedOut(): void {
  const to = encodeURIComponent(pagePath());
  // Over HTTP it is the browser that asks.
  const way = location.protocol === 'https:' ? `/-/log-in?to=${to}` : pagePath();
  tell('log-in', 'problem', 'Your log-in has ended. ', el('a', { href: way }, 'Log in again'));
}
