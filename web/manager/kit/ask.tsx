// One dialog for everything that is asked before something is done: what it will do, the fields, and the refusal when there is one.
import { Button, Checkbox, FileInput, Group, Modal, MultiSelect, NumberInput, PasswordInput, Select, Stack, TagsInput, Text, Textarea, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { createContext, useCallback, useContext, useState, type FormEvent, type ReactNode } from 'react';
import { client } from './api';
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
export type Question = {
  title: string;
  text?: ReactNode;
  fields?: Field[];
  button: string;
  danger?: boolean;
  size?: string;
  /** What is said when it is done. */
  done?: string;
  run: (values: Values) => Promise<unknown>;
};

const Context = createContext<(question: Question) => void>(() => undefined);
export const useAsk = () => useContext(Context);

export function tell(text: string, color = 'green') {
  notifications.show({ message: text, color, autoClose: 5000, withBorder: true });
}

/** A file as the API takes it: text as it is when it is PEM, else Base64. */
export async function fileText(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  if (text.includes('-----BEGIN')) return text;
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

export function FieldInput({ field, value, change }: { field: Field; value: any; change: (value: any) => void }) {
  const common = { label: field.label, description: field.help, required: field.required, placeholder: field.placeholder, name: field.name };
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
      return <FileInput {...common} accept={field.accept} value={value ?? null} onChange={change} clearable />;
    case 'date':
      return <TextInput {...common} type="date" value={value ?? ''} onChange={(e) => change(e.currentTarget.value)} />;
    case 'time':
      return <TextInput {...common} type="datetime-local" value={value ?? ''} onChange={(e) => change(e.currentTarget.value)} />;
    default:
      return <TextInput {...common} autoComplete="off" value={value ?? ''} onChange={(e) => change(e.currentTarget.value)} />;
  }
}

const startOf = (fields: Field[] = []) => Object.fromEntries(fields.map((field) => [field.name, field.value]));

/** What a person left empty is not sent. */
export function sent(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== '' && value !== null));
}

function Dialog({ question, close }: { question: Question; close: () => void }) {
  const [values, setValues] = useState<Values>(() => startOf(question.fields));
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await question.run(values);
      close();
      if (question.done) tell(question.done);
      await client.invalidateQueries();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        {question.text && (
          <Text component="div" size="sm">
            {question.text}
          </Text>
        )}
        {question.fields?.map((field) => (
          <FieldInput key={field.name} field={field} value={values[field.name]} change={(value) => setValues((all) => ({ ...all, [field.name]: value }))} />
        ))}
        {error !== undefined && <ProblemCard error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} color={question.danger ? 'red' : undefined}>
            {question.button}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function AskProvider({ children }: { children: ReactNode }) {
  const [question, setQuestion] = useState<Question>();
  const [opened, setOpened] = useState(false);
  const ask = useCallback((one: Question) => {
    setQuestion(one);
    setOpened(true);
  }, []);
  const close = () => setOpened(false);
  return (
    <Context.Provider value={ask}>
      {children}
      {/* Without scroll lock: it would put a style element into the page, which the policy forbids. */}
      <Modal opened={opened} onClose={close} title={question?.title} size={question?.size ?? 'md'} lockScroll={false} closeButtonProps={{ 'aria-label': 'Close' }}>
        {question && <Dialog question={question} close={close} />}
      </Modal>
    </Context.Provider>
  );
}
