import Measures

/// The choice of the samples that a client never trains on.
///
/// Folders `train` and `test`, or files of these names, win over the share. A sample's fate follows
/// from the seed and its own key (its path in the folder, or its row), so that samples that arrive
/// later move none of those that were there.
package struct HoldOut: Hashable, Sendable {
  /// The share that is held out, from 0 to below 1.
  package let share: Double

  /// A share of the samples, 0 for none.
  package init(share: Double) {
    precondition((0..<1).contains(share), "a hold-out of \(share)")
    self.share = share
  }

  /// A fifth, which holds unless a topology says otherwise.
  package static let fifth = HoldOut(share: 0.2)
  /// No sample at all.
  package static let none = HoldOut(share: 0)

  /// A mark for each of `keys`, true where it is held out; equal keys have equal marks.
  ///
  /// With two keys or more and a share above 0 both sides get one at least.
  package func marks(_ keys: [String], seed: UInt64) -> [Bool] {
    guard share > 0, keys.contains(where: { $0 != keys[0] }) else {
      return keys.map { _ in false }
    }
    let root = RandomStream(seed: seed).stream("holdOut")
    let draws = keys.map { key in
      var draw = root.stream(key)
      return draw.uniform()
    }
    var marks = draws.map { $0 < share }
    let order = draws.indices.sorted { draws[$0] < draws[$1] }
    func set(_ place: Int?, _ mark: Bool) {
      guard let place, !marks.contains(mark) else { return }
      for index in keys.indices where keys[index] == keys[place] { marks[index] = mark }
    }
    set(order.first, true)
    set(order.last, false)
    return marks
  }
}
