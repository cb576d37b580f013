"""The commands of a Slurm cluster of one machine, which runs whatever is submitted at once."""

from pathlib import Path

COMMANDS = {
    "sbatch": r"""
script=$1
id=$$
cp "$script" "$PRETENDED_SLURM/$id.sh"
export SLURM_JOB_ID=$id SLURM_JOB_NUM_NODES=1 SLURM_NTASKS=1 SLURM_JOB_NODELIST=here
export SLURM_NODEID=0 SLURM_PROCID=0 SLURM_LOCALID=0
last=$(sed -n 's/^#SBATCH --array=0-\([0-9]*\).*/\1/p' "$script")
if [ -n "$last" ]; then
    for index in $(seq 0 "$last"); do
        SLURM_ARRAY_JOB_ID=$id SLURM_ARRAY_TASK_ID=$index bash "$script" >/dev/null 2>&1 &
    done
else
    bash "$script" >/dev/null 2>&1 &
fi
echo "Submitted batch job $id"
""",
    "srun": r"""
while [[ "$1" == --* ]]; do
    case "$1" in --output|--error) shift 2 ;; *) shift ;; esac
done
exec "$@"
""",
    "sacct": 'echo "JobID|State"',
    "scancel": 'echo "$@" >> "$PRETENDED_SLURM/cancelled"',
}


def pretend(folder: Path) -> None:
    """Write the commands into a folder, for the search path; ``PRETENDED_SLURM`` names another one for their notes."""
    folder.mkdir()
    for name, text in COMMANDS.items():
        command = folder / name
        command.write_text(f"#!/bin/bash\n{text}\n")
        command.chmod(0o755)
