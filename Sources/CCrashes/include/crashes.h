#ifndef PROGFED_CRASHES_H
#define PROGFED_CRASHES_H

/// Has the process end at once with `status` when a precondition fails, memory is misused or a
/// library aborts.
///
/// Standard error then says what happened, then `notice`, and in which of the program's functions,
/// as far as its symbols tell. Swift's own backtracer, which takes many seconds, isn't asked. Call
/// it once, early; `notice` must live as long as the process, and `demangle` is Swift's
/// `swift_demangle`.
void progfed_end_on_crash(const char *_Nonnull notice, int status);

#endif
