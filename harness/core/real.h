/* The number type of every tensor, and the attribute of functions whose result counts.
 *
 * `real` is float. The gradient-check build defines LX_REAL_DOUBLE and compiles the very same code
 * in double, so that finite differences are sharp enough to convict a wrong derivative. */
#ifndef LX_CORE_REAL_H
#define LX_CORE_REAL_H

#ifdef LX_REAL_DOUBLE
typedef double real;
#define LX_REAL_NAME "double"
#else
typedef float real;
#define LX_REAL_NAME "float"
#endif

#define LX_MUST_CHECK __attribute__((warn_unused_result))
#define LX_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#endif
