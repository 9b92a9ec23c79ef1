// A person at the pages of a system: log in, go to a place by its menu, fill in a form by its labels.
import assert from 'node:assert/strict';

export async function logIn(page, url, { user, password }) {
  await page.goto(url);
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** "System Configuration > Misc", as the menu has it. */
export async function place(page, menu) {
  await page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name: menu, exact: true }).click();
  await page.locator('.place', { hasText: menu }).waitFor();
}

export const formOf = (page, button) => page.locator('form.card').filter({ has: page.getByRole('button', { name: button, exact: true }) });

/** Fills in the form with that button, by label: texts, choices, true and false, and lists of one file. */
export async function fill(page, button, values = {}, which = 0) {
  const labels = Object.keys(values);
  let form = formOf(page, button);
  for (const label of labels) form = form.filter({ has: page.getByLabel(label, { exact: true }) });
  form = form.nth(which);
  for (const [label, value] of Object.entries(values)) {
    const field = form.getByLabel(label, { exact: true });
    if (typeof value === 'boolean') await field.setChecked(value);
    else if (Array.isArray(value)) await field.setInputFiles(value);
    else if ((await field.evaluate((one) => one.tagName)) === 'SELECT') await field.selectOption({ label: value });
    else await field.fill(value);
  }
  return form;
}

/** Fills in, sends, and answers the question about the connection, if it comes, with `answer`. The notice or the problems of the page. */
export async function send(page, button, values = {}, answer = 'Change without a trial', which = 0) {
  const form = await fill(page, button, values, which);
  await page.evaluate(() => document.documentElement.setAttribute('data-before', 'yes'));
  await form.getByRole('button', { name: button, exact: true }).click();
  const fresh = page.locator('html:not([data-before]) main');
  const question = page.getByRole('dialog');
  const refused = form.locator('.found.bad');
  await fresh.or(question).or(refused).first().waitFor();
  if (await question.isVisible()) {
    await question.getByRole('button', { name: answer, exact: true }).click();
    await fresh.waitFor();
  }
  if (await refused.isVisible()) return (await refused.innerText()).trim();
  return (await page.locator('main > .notice, main > .problem').allInnerTexts()).join(' ');
}

export async function well(page, button, values, answer, which) {
  const said = await send(page, button, values, answer, which);
  assert.equal(await page.locator('.problem').count(), 0, said);
  assert.ok(!said.includes('would be refused'), said);
  return said;
}
