// Forms are looked at by the system before they are sent: what would be refused, what files hold, what becomes of this connection. The
// judgement is the system's. When it cannot be asked, the form is sent as it is without a script.
import { question, type Choice } from './ask';
import { asks, el, loggedOut } from './dom';

interface Link {
  kind: string;
  name: string;
  subject: string;
  issuer: string;
  from: string;
  until: string;
  names: string;
  fingerprint: string;
}
interface Finding {
  id: string;
  message: string;
  field: string;
  cause: string;
  remedy: string;
}
interface Answer {
  refused: Finding[];
  effects: string[];
  go_on_at: string;
  chain: { title: string; links: Link[]; end: string } | null;
  trust: Link[];
  name: string | null;
  trial: { target: string; field: string; seconds: number; needed: boolean } | null;
}

const target = (form: HTMLFormElement) => form.getAttribute('action') ?? '';

async function ask(form: HTMLFormElement): Promise<Answer | 'gone' | null> {
  const place = document.body.dataset.check;
  if (!place) return null;
  try {
    const answer = await fetch(`${place}?form=${encodeURIComponent(target(form))}`, { method: 'POST', headers: asks('person'), body: new FormData(form) });
    if (answer.status === 401) return 'gone';
    return answer.ok ? ((await answer.json()) as Answer) : null;
  } catch {
    return null;
  }
}

function fact(word: string, value: string): HTMLElement | null {
  return value === '' ? null : el('div', {}, el('dt', {}, word), el('dd', {}, value));
}

function picture(links: Link[]): HTMLElement {
  const item = (link: Link) =>
    el('li', {}, el('p', { class: 'kind' }, link.kind), el('p', { class: 'name' }, link.name),
      el('dl', {}, fact('For', link.names), fact('From', link.from), fact('Until', link.until), fact('Issuer', link.issuer), fact('SHA-256', link.fingerprint)));
  return el('ol', { class: 'links' }, ...links.map(item));
}

/** Takes the place of what was shown in the form before. */
function show(form: HTMLFormElement, ...content: Node[]): void {
  form.querySelectorAll('.found').forEach((one) => one.remove());
  form.querySelector('.send')?.before(...content);
}

function refusals(findings: Finding[]): HTMLElement {
  const item = (one: Finding) => el('li', {}, el('p', {}, one.message), el('p', { class: 'remedy' }, `${one.cause} ${one.remedy}`));
  return el('div', { class: 'found bad', role: 'alert' }, el('h3', {}, 'This would be refused'), el('ol', { class: 'findings' }, ...findings.map(item)));
}

function contents(answer: Answer): Node[] {
  const out: Node[] = [];
  if (answer.chain)
    out.push(el('div', { class: 'found good', role: 'status' }, el('h3', {}, answer.chain.title), picture(answer.chain.links), el('p', { class: 'end' }, answer.chain.end)));
  if (answer.trust.length > 0)
    out.push(el('div', { class: 'found good', role: 'status' }, el('h3', {}, `To be trusted: ${answer.trust.length}`), picture(answer.trust)));
  return out;
}

const control = (form: HTMLFormElement, role: string) => form.querySelector<HTMLInputElement>(`[data-role="${role}"]`);

/** While files are being chosen, one that is not there yet is no finding. */
function about(form: HTMLFormElement, finding: Finding): boolean {
  const role = finding.field.split(':')[0]?.trim().replaceAll(' ', '_') ?? '';
  const field = control(form, role);
  return !(field && (role === 'certificate' || role === 'private_key') && field.value === '');
}

async function lookAtFiles(form: HTMLFormElement): Promise<void> {
  const given = [...form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input[type=file], textarea')].some((one) => one.value !== '');
  if (!given) return show(form);
  const answer = await ask(form);
  if (answer === 'gone') return loggedOut();
  if (!answer) return;
  const refused = answer.refused.filter((one) => about(form, one));
  show(form, ...(refused.length > 0 ? [refusals(refused)] : []), ...contents(answer));
}

async function beginTrial(trial: NonNullable<Answer['trial']>): Promise<boolean> {
  const body = new URLSearchParams({ [trial.field]: String(trial.seconds) });
  const begun = await fetch(trial.target, { method: 'POST', headers: asks('person'), body }).catch(() => null);
  return begun?.ok ?? false;
}

function words(answer: Answer): Node[] {
  const out: Node[] = [el('ul', {}, ...answer.effects.map((effect) => el('li', {}, effect)))];
  if (answer.go_on_at && new URL(answer.go_on_at).origin !== location.origin) out.push(el('p', {}, 'Afterwards go on at ', el('a', { href: answer.go_on_at }, answer.go_on_at)));
  if (answer.trial)
    out.push(el('p', {}, `On trial, the change is taken back by itself unless you answer "Are you still here?" within ${Math.round(answer.trial.seconds / 60)} minutes.`));
  return out;
}

/** Whether the form may be sent. */
async function agreed(form: HTMLFormElement, answer: Answer, label: string): Promise<boolean> {
  if (answer.effects.length === 0 && answer.name === null && !answer.trial?.needed) return true;
  const final = form.dataset.action === 'restore_factory';
  const choices: Choice[] = [];
  if (answer.trial) choices.push({ id: 'trial', label: 'Change on trial', kind: 'primary' });
  if (!answer.trial?.needed) choices.push({ id: 'now', label: answer.trial ? 'Change without a trial' : label, kind: final ? 'danger' : answer.trial ? 'plain' : 'primary' });
  const chosen = await question('What this does to your connection', words(answer), choices, answer.name);
  if (chosen !== 'trial' || !answer.trial) return chosen === 'now';
  if (await beginTrial(answer.trial)) return true;
  show(form, el('div', { class: 'found bad', role: 'alert' }, el('h3', {}, 'The trial could not be begun. Nothing was changed.')));
  return false;
}

async function consider(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
  const send = () => {
    form.dataset.considered = 'yes';
    form.requestSubmit(submitter instanceof HTMLButtonElement ? submitter : undefined);
  };
  show(form);
  const answer = await ask(form);
  if (answer === 'gone') return loggedOut();
  if (!answer) return send();
  if (answer.refused.length > 0 && !answer.trial?.needed) return show(form, refusals(answer.refused), ...contents(answer));
  show(form, ...contents(answer));
  if (await agreed(form, answer, submitter?.textContent ?? 'Go on')) send();
}

export function watchForm(form: HTMLFormElement): void {
  form.addEventListener('submit', (event) => {
    if (event.defaultPrevented || form.dataset.considered === 'yes') return;
    event.preventDefault();
    if (form.ariaBusy === 'true') return;
    form.ariaBusy = 'true';
    void consider(form, event.submitter).finally(() => (form.ariaBusy = 'false'));
  });
  let waiting = 0;
  for (const field of form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input[type=file], textarea, input[data-role=passphrase]'))
    field.addEventListener(field instanceof HTMLTextAreaElement ? 'input' : 'change', () => {
      clearTimeout(waiting);
      waiting = window.setTimeout(() => void lookAtFiles(form), 250);
    });
}
