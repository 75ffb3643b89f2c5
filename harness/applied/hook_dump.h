/* What a stack of schemes really applies, found by calling its hooks as the model does: the proof of
 * which position code is on. */
#ifndef LX_APPLIED_HOOK_DUMP_H
#define LX_APPLIED_HOOK_DUMP_H

#include "core/applied.h"
#include "core/buf.h"
#include "core/err.h"
#include "encodings/encoding.h"
#include "stack/stack.h"

#define LX_APPLIED_HEADER "kind,head,position,channel,value"

/* Add rows for a sequence of T tokens at one layer. Kinds:
 *     embedding   position, channel: what is added to a token embedding of zeros
 *     rotation    position, channel: radians by which a pair of channels is turned, -pi .. pi; the
 *                 pair is named by its lower channel
 *     magnitude   position, channel: factor by which turning changes the length, where it is not 1
 *     scale       position (of the query): factor on content logits
 *     tau         head: divisor of the whole logit
 *     dist        head, position = distance: bias added to the logit
 *     dist_ahead  the same for keys after the query, of a model without a causal mask; mul_ahead likewise
 *     bucket      position = distance: which learned number that bias is, -1 for none
 *     window      how many keys a query sees, itself included, if fewer than T
 *     drawn       position: where a token of a training sequence of that length, at most the length of
 *                 training, is put; one draw
 *     position    position: where a token is put at evaluation, if not at its own place; likewise
 *                 position_embed for embeddings and distance for what a distance becomes
 *     first_seen  position (of the query): the first key that it sees
 *     always_seen how many of the first keys all queries see
 *     key         head, position = key: bias on the logit of the last query, over its own
 *     pair        head, position = key: bias on the logit of the last query
 *     sink_logit  head: a logit whose weight goes to no key
 *     whole       position (of the query): factor on content and biases
 *     apart       position = key: how far the last query and a key it sees are turned apart
 * and of that query where layers go row by row:
 *     product     head, position = key: what stands in place of q k / sqrt(head_dim)
 *     bias        head, position = key: bias on the logit
 *     post        head, position = key: what is added to the logit in the end
 *     weight      head, position = key: weight in place of the softmax
 *     value       head, channel: what is added to the output
 * Without a causal mask the middle query, T/2, is shown in place of the last one. Where hooks read the layer's input, queries or keys these are normal noise, the same every time.
 * head is empty where all heads agree. `s` is initialised and its parameters are filled. */
LX_MUST_CHECK
enum lx_code lx_hook_dump(struct lx_stack *s, const struct lx_enc_dims *dims, int layer, int T,
                          struct lx_applied_rows *out, struct lx_err *err);
void lx_hook_dump_free(struct lx_applied_rows *rows);

/* Bytes that the rows of T tokens take, printed too, and what is worked out for them; from above. The
 * stack need only be parsed. */
double lx_hook_dump_bytes(const struct lx_stack *s, const struct lx_enc_dims *dims, int T);

/* The rows as CSV, with the header. */
void lx_hook_dump_csv(const struct lx_applied_rows *rows, struct lx_buf *out);

#endif
