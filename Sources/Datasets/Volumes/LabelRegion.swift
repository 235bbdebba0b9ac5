/// A part of a mask that a Dice coefficient is reported of: the pixels of one class or of several.
package struct LabelRegion: Hashable, Sendable {
  /// What it is called: "whole tumour".
  package let name: String
  /// The classes whose pixels belong to it.
  package let classes: Set<Int>

  /// A region of the given classes.
  package init(_ name: String, _ classes: Set<Int>) {
    self.name = name
    self.classes = classes
  }

  /// Each class but the background, 0, on its own.
  static func each(of classes: Int) -> [LabelRegion] {
    (1..<max(classes, 1)).map { LabelRegion("class \($0)", [$0]) }
  }
}
