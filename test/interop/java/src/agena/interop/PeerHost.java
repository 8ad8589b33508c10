package agena.interop;

import org.apache.rocketmq.broker.BrokerController;
import org.apache.rocketmq.broker.BrokerStartup;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.common.topic.TopicValidator;
import org.apache.rocketmq.namesrv.NamesrvStartup;
import org.apache.rocketmq.remoting.protocol.route.TopicRouteData;

/**
 * Runs Apache RocketMQ's name server, its broker, or both in one process.
 * Arguments: `namesrv FILE` and `broker FILE`, each with its properties file, in this order.
 * Prints `ready` when all of them serve; ends, and shuts them down, on SIGTERM.
 */
public final class PeerHost {
    private static final long REGISTER_TIMEOUT_MS = 30_000;
    private static final long ROUTE_TIMEOUT_MS = 3_000;

    private PeerHost() {
    }

    public static void main(String[] args) throws Exception {
        for (int at = 0; at + 1 < args.length; at += 2) {
            String[] options = {"-c", args[at + 1]};
            if (args[at].equals("namesrv")) {
                NamesrvStartup.main0(options);
            } else {
                BrokerController broker = BrokerStartup.createBrokerController(options);
                BrokerStartup.start(broker);
                awaitRegistered(broker);
            }
        }
        System.out.println("ready");
        System.out.flush();
    }

    /** Registers at once: by itself the broker may take until its first timer, ten seconds later. */
    static void awaitRegistered(BrokerController broker) throws Exception {
        long deadline = System.currentTimeMillis() + REGISTER_TIMEOUT_MS;
        while (!isRouted(broker)) {
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException("the name server has no route to the broker");
            }
            broker.registerBrokerAll(true, false, true);
            Thread.sleep(100);
        }
    }

    private static boolean isRouted(BrokerController broker) throws Exception {
        String name = broker.getBrokerConfig().getBrokerName();
        try {
            TopicRouteData route = broker.getBrokerOuterAPI().getTopicRouteInfoFromNameServer(
                TopicValidator.RMQ_SYS_SELF_TEST_TOPIC, ROUTE_TIMEOUT_MS);
            return route.getQueueDatas().stream().anyMatch(queues -> queues.getBrokerName().equals(name));
        } catch (MQBrokerException notThere) {
            return false;
        }
    }
}
