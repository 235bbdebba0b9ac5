import OneDNN

/// A plan of one block of memory: tensors that don't live at the same time
/// may lie at the same place.
///
/// Time is counted in passes: the forward pass of node i is moment i, the loss moment n, the
/// backward pass of node i moment 2n − i, n nodes.
package struct ArenaPlan {
  /// A claim on some bytes for some time.
  package struct Reservation {
    /// The length, a multiple of the alignment.
    package var byteCount: Int
    /// The steps during which the bytes are in use.
    package var lifetime: ClosedRange<Int>
    /// Their first byte, once settled.
    package var offset = 0
  }

  /// The alignment of tensors, in bytes.
  package static let alignment = 64

  /// The claims, by number.
  package private(set) var reservations: [Reservation] = []
  /// The size of the whole in bytes, once settled.
  package private(set) var byteCount = 0

  /// No claims yet.
  package init() {}

  /// Claims `byteCount` bytes for `lifetime`; returns the claim's number.
  package mutating func reserve(_ byteCount: Int, during lifetime: ClosedRange<Int>) -> Int {
    let rounded = (max(byteCount, 1) + Self.alignment - 1) / Self.alignment * Self.alignment
    reservations.append(Reservation(byteCount: rounded, lifetime: lifetime))
    return reservations.count - 1
  }

  /// Lengthens the life of claim `number` so that it includes `moments`.
  package mutating func extend(_ number: Int, over moments: ClosedRange<Int>) {
    let own = reservations[number].lifetime
    reservations[number].lifetime =
      min(own.lowerBound, moments.lowerBound)...max(own.upperBound, moments.upperBound)
  }

  /// Gives every claim its place: the largest first, each at the lowest place free for all its
  /// life.
  package mutating func settle() {
    let order = reservations.indices.sorted {
      (reservations[$1].byteCount, $0) < (reservations[$0].byteCount, $1)
    }
    var placed: [Reservation] = []
    for index in order {
      var claim = reservations[index]
      claim.offset = 0
      let rivals = placed.filter { $0.lifetime.overlaps(claim.lifetime) }
      for rival in rivals where rival.offset < claim.offset + claim.byteCount {
        // `placed` is sorted by offset, so that the first gap that is large enough is found.
        claim.offset = max(claim.offset, rival.offset + rival.byteCount)
      }
      reservations[index] = claim
      let position = placed.firstIndex { $0.offset > claim.offset } ?? placed.count
      placed.insert(claim, at: position)
      byteCount = max(byteCount, claim.offset + claim.byteCount)
    }
  }
}

/// A tensor of a plan: its layout and where it will lie.
struct TensorPlan {
  /// The place of a tensor.
  enum Place {
    /// In the arena, as claim number …
    case arena(Int)
    /// Among the parameters: the segment, the parameter's number in it, and what of it.
    case parameter(Int, Int, ParameterPart)
  }

  /// A value that is kept for a parameter.
  enum ParameterPart {
    /// The value.
    case value
    /// The gradient of the loss.
    case gradient
  }

  /// The shape and layout.
  var descriptor: MemoryDescriptor
  /// Its place.
  var place: Place
}

/// An action that waits for its memory.
struct Draft {
  /// Makes the action on real memory.
  let bind: (Binding) throws(DNNLError) -> any Action

  init(_ bind: @escaping (Binding) throws(DNNLError) -> any Action) { self.bind = bind }
}
