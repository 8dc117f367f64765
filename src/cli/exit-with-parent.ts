/** Set to anything: the process of a role stops when its standard input ends, so that it never outlives the one who started it. */
export const EXIT_WITH_PARENT_ENV = 'ATTESTRY_EXIT_WITH_PARENT';
