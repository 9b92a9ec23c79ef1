// Fields as people fill them in, and the one way in which a form is sent: once, busy meanwhile, and with the refusal when there is one.
import { Button, Checkbox, FileInput, Group, MultiSelect, NumberInput, PasswordInput, Select, Stack, TagsInput, Textarea, TextInput } from '@mantine/core';
import { createContext, useContext, useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { ProblemCard } from './states';

export type Choice = { value: string; label: string };
export type Field = {
  name: string;
  label: string;
  kind?: 'text' | 'password' | 'new-password' | 'number' | 'check' | 'choice' | 'choices' | 'area' | 'list' | 'file' | 'date' | 'time';
  help?: string;
  required?: boolean;
  value?: unknown;
  choices?: Choice[];
  placeholder?: string;
  accept?: string;
  /** Of lists whose entries have blanks in them. */
  spaces?: boolean;
};
export type Values = Record<string, any>;
/** A file as the API takes it: text as it is when it is PEM, else Base64. */
export async function fileText(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  if (text.includes('-----BEGIN')) return text;
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The browser itself checks only what is typed: of these fields it does not know whether they are filled in. */
const wantOf = (field: Field, value: any): string | undefined => {
  if (!field.required) return undefined;
  if (field.kind === 'file') return value ? undefined : 'Choose a file.';
  if (field.kind === 'choice') return value ? undefined : 'Choose one.';
  if (field.kind === 'choices') return value?.length ? undefined : 'Choose at least one.';
  return undefined;
};
/** What the fields of a form lack, by their names, and whether somebody tried to send it so. */
type Wants = { of: Map<string, string>; shown: boolean };
const WantsContext = createContext<Wants>({ of: new Map(), shown: false });

export function FieldInput({ field, value, change }: { field: Field; value: any; change: (value: any) => void }) {
  const wants = useContext(WantsContext);
  const want = wantOf(field, value);
  useEffect(() => {
    if (want) wants.of.set(field.name, want);
    return () => void wants.of.delete(field.name);
  }, [wants.of, field.name, want]);
  const common = { label: field.label, description: field.help, required: field.required, placeholder: field.placeholder, name: field.name, error: wants.shown ? want : undefined };
  switch (field.kind) {
    case 'password':
      return <PasswordInput {...common} autoComplete="current-password" value={value ?? ''} onChange={(e) => change(e.currentTarget.value)} />;
    case 'new-password':
      return <PasswordInput {...common} autoComplete="new-password" value={value ?? ''} onChange={(e) => change(e.currentTarget.value)} />;
    case 'number':
      return <NumberInput {...common} value={value ?? ''} onChange={(number) => change(number === '' ? undefined : Number(number))} />;
    case 'check':
      return <Checkbox {...common} required={undefined} checked={Boolean(value)} onChange={(e) => change(e.currentTarget.checked)} />;
    case 'choice':
      return <Select {...common} data={field.choices ?? []} value={value ?? null} onChange={(one) => change(one ?? undefined)} allowDeselect={!field.required} clearable={!field.required} searchable={(field.choices?.length ?? 0) > 8} />;
    case 'choices':
      return <MultiSelect {...common} data={field.choices ?? []} value={value ?? []} onChange={change} clearable searchable />;
    case 'area':
      return <Textarea {...common} autosize minRows={4} maxRows={14} value={value ?? ''} onChange={(e) => change(e.currentTarget.value)} />;
    case 'list':
      return <TagsInput {...common} value={value ?? []} onChange={change} splitChars={field.spaces ? ['\n'] : [',', ' ', '\n']} />;
    case 'file':
      // A button cannot be required.
      return <FileInput {...common} required={undefined} withAsterisk={field.required} accept={field.accept} value={value ?? null} onChange={change} clearable />;
    case 'date':
      return <TextInput {...common} type="date" value={value ?? ''} onChange={(e) => change(e.currentTarget.value)} />;
    case 'time':
      return <TextInput {...common} type="datetime-local" value={value ?? ''} onChange={(e) => change(e.currentTarget.value)} />;
    default:
      return <TextInput {...common} autoComplete="off" value={value ?? ''} onChange={(e) => change(e.currentTarget.value)} />;
  }
}

/** What the fields hold at first. */
export const startOf = (fields: Field[] = []) => Object.fromEntries(fields.map((field) => [field.name, field.value]));

/** What a person left empty is not sent. */
export function sent(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== '' && value !== null));
}

const nothing = (value: unknown) => value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

/** For changes: every field that is other than it was at first, also one that was emptied. */
export function changed(fields: Field[], values: Values): Values {
  return Object.fromEntries(
    fields
      .filter((field) => !(nothing(field.value) && nothing(values[field.name])) && JSON.stringify(field.value) !== JSON.stringify(values[field.name]))
      .map((field) => [field.name, values[field.name] ?? null]),
  );
}

/** The fields below each other. */
export function Fields({ fields, values, change }: { fields: Field[]; values: Values; change: (values: Values) => void }) {
  return fields.map((field) => <FieldInput key={field.name} field={field} value={values[field.name]} change={(value) => change({ ...values, [field.name]: value })} />);
}

type FormProps = { run: () => Promise<unknown>; button: string; children?: ReactNode; danger?: boolean; wide?: boolean; cancel?: () => void; className?: string; before?: ReactNode; disabled?: boolean };

export function Form({ run, button, children, danger, wide, cancel, className, before, disabled }: FormProps) {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const lacking = useRef(new Map<string, string>());
  const [shown, setShown] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (lacking.current.size > 0) {
      flushSync(() => setShown(true));
      form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
      return;
    }
    setBusy(true);
    setError(undefined);
    try {
      await run();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form ref={form} className={className} onSubmit={(event) => void submit(event)}>
      {before}
      <Stack>
        <WantsContext.Provider value={{ of: lacking.current, shown }}>{children}</WantsContext.Provider>
        {error !== undefined && <ProblemCard error={error} />}
        {wide ? (
          <Button type="submit" loading={busy} fullWidth size="md">
            {button}
          </Button>
        ) : (
          <Group justify={cancel ? 'flex-end' : undefined}>
            {cancel && (
              <Button variant="default" onClick={cancel}>
                Cancel
              </Button>
            )}
            <Button type="submit" loading={busy} disabled={disabled} color={danger ? 'red' : undefined}>
              {button}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}
