/** An object with some members replaced; all others are its own. */
export function replacing<T extends object>(object: T, members: Partial<T>): T {
  return new Proxy(object, {
    get: (target, name) => {
      const source: object = Object.hasOwn(members, name) ? members : target;
      const member: unknown = Reflect.get(source, name);
      return typeof member === 'function' ? member.bind(source) : member;
    },
  });
}
