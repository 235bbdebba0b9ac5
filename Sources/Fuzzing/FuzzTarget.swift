package import Measures

/// A part of the product that takes bytes or messages from outside, whatever they are.
///
/// It may refuse them with an error; it must not trap, hang or keep memory.
package protocol FuzzTarget: Sendable {
  /// What it is called.
  var name: String { get }

  /// Plays one case, which follows from `stream` alone.
  ///
  /// - Returns: Whether what was made up was taken, or taken in part, rather than refused.
  /// - Throws: ``FuzzFinding`` if something was taken that must not be.
  func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool
}

/// Something that is wrong, short of a trap.
package struct FuzzFinding: Error, Hashable, CustomStringConvertible {
  /// What is wrong.
  package let description: String

  /// A finding in words.
  package init(_ description: String) { self.description = description }
}
