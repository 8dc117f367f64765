/**
 * TypeBox, as the rest of the project takes it. The build puts it into one file here: as its package comes, it is some 700
 * files, which cost each process a third of a second when it starts.
 */
export { type Static, type TObject, type TSchema, Type } from 'typebox';
export { Compile } from 'typebox/compile';
export type { TLocalizedValidationError } from 'typebox/error';
export { Value } from 'typebox/value';
