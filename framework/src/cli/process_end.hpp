#pragma once

namespace faceoff {

/// From now on, what nobody can catch, such as an exception from a destructor or in another thread, is said in one
/// line.
void tell_of_terminations();

/// From now on, whoever ends the process is told of. The last one that asks is the first to run, before what was set up
/// by then is torn down; so this is said again once there is more of that, each time but the first few for nothing.
void tell_of_exits();

}  // namespace faceoff
