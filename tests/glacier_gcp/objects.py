"""What lies in one bucket of the rig, seen past Glacier."""



