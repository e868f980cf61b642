/* plan.h - the inside of a plan, for the files of this room. */
#ifndef OFZ_EXEC_PLAN_H
#define OFZ_EXEC_PLAN_H

#include "exec/exec.h"

/* A subgraph of a node: a plan of its own, and what of the plan around it it reads. */
typedef struct ofz_subplan {
    const ofz_graph *graph;
    ofz_plan        *plan;
    int              index;         /* among those of the plan around */
    int             *input;         /* slots of the subgraph's inputs; -1: not needed */
    int             *output;        /* slots of its outputs */
    ofz_list         captured;      /* ofz_value of the scopes around that it reads */
    int             *outer, *inner; /* their slots here and there */
} ofz_subplan;

/* A slot holds one value during a run. -1 stands for an absent input or output. */
typedef struct ofz_step {
    const ofz_node      *node;
    const ofz_op        *op;
    const void          *attrs;
    const ofz_signature *signature; /* NULL: a private row */
    bool          counted; /* does more than read and make elements: ofz_op_work_of says how much */
    int           in_count, out_count;
    int          *in, *out;
    int          *dies; /* slots that nobody reads after this step */
    int           die_count;
    ofz_subplan **sub;
    int           sub_count;
} ofz_step;

typedef struct ofz_slot {
    const ofz_value *value;
    ofz_tensor       constant; /* .data NULL: none; aligned, or a copy that is */
    bool             has_constant, is_input, wanted;
    bool             captured; /* comes from the plan around */
    int              last_use; /* step, or -1 */
} ofz_slot;

struct ofz_plan {
    ofz_arena arena;
    ofz_step *step;
    ofz_slot *slot;
    int       step_count, slot_count, max_in, max_out;
    ofz_map   by_name;  /* value name -> slot + 1 */
    ofz_map   by_outer; /* the same for captured values: a name may mean one thing here and
                           another in the scope around */
    ofz_list  sub;      /* ofz_subplan, of all steps */
};

/* The slot of `v`, or -1. */
int ofz_plan_slot(const ofz_plan *plan, const ofz_value *v);

#endif
