// What narrows a list: it stands in the address of the page, so that it can be sent to somebody and survives a reload.
import { Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Search } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useSearch } from 'wouter';
import { queryText } from './api';
import type { Choice } from './form';
import { useGo } from './show';

export type Filter = Record<string, string>;

/** What the address of the page says, and how it is changed: an empty text takes a field away. */
export function useFilter(path: string, usual: Filter = {}): [Filter, (change: Filter) => void] {
  const go = useGo();
  const filter: Filter = { ...usual, ...Object.fromEntries(new URLSearchParams(useSearch())) };
  return [filter, (change) => go(`${path}${queryText({ ...filter, ...change })}`)];
}

/** Searches when one has stopped typing. */
export function SearchBox({ value, set, placeholder, label = 'Search', width = 240 }: { value: string; set: (text: string) => void; placeholder?: string; label?: string; width?: number }) {
  const [text, setText] = useState(value);
  const [typed] = useDebouncedValue(text, 250);
  useEffect(() => {
    if (typed !== value) set(typed);
  }, [typed]); // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => setText(value), [value]);
  return <TextInput label={label} placeholder={placeholder} leftSection={<Search size={15} />} value={text} onChange={(e) => setText(e.currentTarget.value)} w={width} />;
}

/** One field of the filter, of a few values. */
export function Only({ label, choices, field, filter, set, width = 140 }: { label: string; choices: Choice[]; field: string; filter: Filter; set: (change: Filter) => void; width?: number }) {
  return <Select label={label} data={choices} value={filter[field] || null} onChange={(one) => set({ [field]: one ?? '' })} clearable searchable={choices.length > 8} w={width} />;
}

export const choicesOf = (some: ReadonlyArray<readonly [string, string]>): Choice[] => some.map(([value, label]) => ({ value, label }));
/** Of times by which something ends: days from now, and what a link named: until a day, or from one to another. */
export const ends = ({ expires_before: chosen, expires_after: from }: Filter): Choice[] => {
  const usual = choicesOf([['0', 'Ended'], ['7', 'Within a week'], ['30', 'Within 30 days'], ['90', 'Within 90 days']]);
  if (!chosen || (!from && usual.some((one) => one.value === chosen))) return usual;
  const day = (at: string) => at.slice(0, 10);
  const one = from && Date.parse(chosen) - Date.parse(from) === 86_400_000;
  const label = one ? `On ${day(from)} (UTC)` : from ? `From ${day(from)} to ${day(chosen)}` : `Before ${day(chosen)}`;
  return [...usual.filter((other) => other.value !== chosen), { value: chosen, label }];
};
