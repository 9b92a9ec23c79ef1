// While the system restarts the page waits for it, and opens again when it is back.
import { asks, el, pagePath } from './dom';

export function waitForSystem(): boolean {
  if (document.body.dataset.state !== 'restarting') return false;
  const elsewhere = document.body.dataset.awayTo ?? '';
  const moved = elsewhere !== '' && new URL(elsewhere).origin !== location.origin;
  const section = el('section', { class: 'away', role: 'status', 'aria-label': 'Restart' },
    el('p', {}, moved ? 'The system restarts. Afterwards it is at another address:' : 'The system restarts. This page waits for it and opens again by itself.'),
    moved ? el('p', {}, el('a', { href: elsewhere }, elsewhere)) : el('progress', { 'aria-label': 'Waiting for the system' }));
  document.querySelector('main h1')?.after(section);
  if (moved) return true;
  const look = async () => {
    const answer = await fetch(pagePath(), { headers: { ...asks('live'), Accept: 'text/html' }, cache: 'no-store' }).catch(() => null);
    // After the restart nobody is logged in any more: a refusal is the sign that the system is back.
    const back = answer !== null && (answer.status === 401 || (answer.ok && !(await answer.text()).includes('data-state="restarting"')));
    if (back) location.assign(pagePath());
    else window.setTimeout(() => void look(), 700);
  };
  void look();
  return true;
}
