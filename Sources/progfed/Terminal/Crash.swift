import ArgumentParser
import CCrashes
import Foundation

/// The end of a process whose precondition fails: at once, with words.
///
/// Swift's own backtracer prints addresses for many seconds, and the process then dies by a signal.
enum Crash {
  /// Has the process say what happened and end with status 70 when it crashes, from now on.
  static func endsAtOnce(version: String) {
    let notice = """
      progfed \(version), \(machine)
      please report it, with these lines, the command and the topology, in the issue tracker of the repository that you \
      have progfed from; what a run had kept is whole, and --resume goes on with it

      """
    // SAFETY: the copy is never freed.
    guard let text = unsafe strdup(notice) else { return }
    unsafe progfed_end_on_crash(text, Exit.bug.rawValue)
  }

  private static var machine: String {
    #if arch(x86_64)
    return "x86_64"
    #elseif arch(arm64)
    return "arm64"
    #else
    return "another architecture"
    #endif
  }
}
